#include "app/config.h"
#include "support/catch.h"
#include "unit/app/config_problems.h"

using namespace edge;
using namespace edge::app;

TEST_CASE("networks of clients and proxies reach their options", "[app][access]") {
  const Config config = good(
      "access: {allow: [10.0.0.0/8, \"2001:db8::/32\"], deny: [10.1.2.3], trusted_proxies: [127.0.0.1], client_field: "
      "forwarded}\n"
      "listen: [{address: \"127.0.0.1:1\", allow: [10.0.0.0/8], proxy_protocol: true}]\n");
  CHECK(config.access.allow == std::vector<std::string>{"10.0.0.0/8", "2001:db8::/32"});
  CHECK(config.access.deny == std::vector<std::string>{"10.1.2.3"});
  CHECK(config.access.trusted_proxies == std::vector<std::string>{"127.0.0.1"});
  CHECK(config.access.client_field == frontend::ClientField::Forwarded);
  CHECK(config.listen[0].allow == std::vector<std::string>{"10.0.0.0/8"});
  CHECK(config.listen[0].proxy_protocol);
}

TEST_CASE("what is no network is a problem where it stands", "[app][access]") {
  CHECK(problems("access:\n  deny:\n  - 10.0.0.0/8\n  - ten\n")
            .starts_with("f:4:5: access.deny[1]: not a network: 'ten'; write one such as"));
  CHECK(problems("access: {allow: [10.1.0.0/8]}") ==
        "f:1:18: access.allow[0]: not the first address of its network: '10.1.0.0/8'; write 10.0.0.0/8\n");
  CHECK(problems("listen:\n- allow: [10.0.0.0/33]\n").starts_with("f:2:11: listen[0].allow[0]: not a network"));
}

TEST_CASE("PROXY headers of nobody in particular are a contradiction", "[app][access]") {
  CHECK(problems("listen:\n- proxy_protocol: true\n") ==
        "f:2:19: access.trusted_proxies is missing; listen[0].proxy_protocol needs it\n");
}
