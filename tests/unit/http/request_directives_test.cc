#include "http/request_directives.h"

#include "support/catch.h"

using namespace edge::http;
using namespace std::chrono_literals;

namespace {

UseLimits limits(const char* value, RequestDirectives which) {
  Fields request;
  request.add("Cache-Control", value);
  return use_limits(request, which);
}

}  // namespace

TEST_CASE("a limited cache revalidates and obeys only-if-cached, no more", "[http][rfc9111-5.2.1]") {
  const auto limited = [](const char* value) { return limits(value, RequestDirectives::Limited); };
  CHECK(limited("no-cache").revalidate);
  CHECK(limited("max-age=0").revalidate);
  CHECK(limited("only-if-cached").only_if_cached);
  const UseLimits none = limited("max-age=5, min-fresh=5, max-stale, no-store");
  CHECK_FALSE((none.revalidate || none.only_if_cached || none.no_store || none.age_max || none.stale_max));
  CHECK(none.fresh_for_min == 0s);
}

TEST_CASE("an obedient cache obeys all of them", "[http][rfc9111-5.2.1]") {
  const UseLimits all = limits("max-age=5, min-fresh=6, max-stale=7, no-store", RequestDirectives::Obey);
  CHECK(all.age_max == 5s);
  CHECK(all.fresh_for_min == 6s);
  CHECK(all.stale_max == 7s);
  CHECK(all.no_store);
  CHECK_FALSE(all.revalidate);
}

TEST_CASE("an operator may have none of them count", "[http][rfc9111-5.2.1]") {
  const UseLimits none = limits("no-cache, only-if-cached, no-store, max-age=0", RequestDirectives::Ignore);
  CHECK_FALSE((none.revalidate || none.only_if_cached || none.no_store || none.age_max));
}
