#include "net/access_list.h"

#include "support/catch.h"

using namespace edge::net;

namespace {

Networks networks(std::initializer_list<const char*> texts) {
  std::vector<Network> all;
  for (const char* text : texts) all.push_back(*parse_network(text));
  return Networks(all);
}

bool admits(const AccessList& list, std::string_view address) { return list.admits(*try_ip(address)); }

}  // namespace

TEST_CASE("without lists everybody is admitted", "[net][access]") { CHECK(admits({}, "192.0.2.1")); }

TEST_CASE("a list of who is denied admits the others", "[net][access]") {
  const AccessList list({}, networks({"192.0.2.0/24"}));
  CHECK_FALSE(admits(list, "192.0.2.1"));
  CHECK_FALSE(admits(list, "::ffff:192.0.2.1"));
  CHECK(admits(list, "192.0.3.1"));
  CHECK(admits(list, "2001:db8::1"));
}

TEST_CASE("a list of who is allowed denies the others", "[net][access]") {
  const AccessList list(networks({"192.0.2.0/24", "2001:db8::/32"}), {});
  CHECK(admits(list, "192.0.2.1"));
  CHECK(admits(list, "2001:db8::1"));
  CHECK_FALSE(admits(list, "192.0.3.1"));
}

TEST_CASE("of both lists the longest prefix decides, and of equal ones the denial", "[net][access]") {
  const AccessList list(networks({"10.0.0.0/8", "10.1.1.0/24", "10.2.0.0/16"}),
                        networks({"10.1.0.0/16", "10.2.0.0/16"}));
  CHECK(admits(list, "10.0.0.1"));
  CHECK_FALSE(admits(list, "10.1.0.1"));
  CHECK(admits(list, "10.1.1.1"));
  CHECK_FALSE(admits(list, "10.2.0.1"));
  CHECK_FALSE(admits(list, "11.0.0.1"));
}
