#include "http/storable.h"

#include "support/catch.h"

using namespace edge::http;
using namespace std::chrono_literals;

namespace {

struct Case {
  Method method = Method::Get;
  Fields request{};
  ResponseHead response{};
  FreshnessDefaults defaults{10s, 10s, 0s};
  SetCookiePolicy cookies = SetCookiePolicy::Pass;

  Case& asks(const char* name, const char* value) { return request.add(name, value), *this; }
  Case& answers(const char* name, const char* value) { return response.fields.add(name, value), *this; }
  Case& status(std::uint16_t code) { return response.status = code, *this; }
  Case& without_defaults() { return defaults = {}, *this; }

  Storability judged() const {
    const auto control = parse_cache_control(response.fields);
    const auto lifetime = freshness_lifetime(response, control, defaults, edge::WallTime{1s});
    return judge_storability(method, request, response, control, lifetime, cookies);
  }
};

}  // namespace

TEST_CASE("a whole answer to GET may be kept", "[http][rfc9111-3]") {
  CHECK(Case{}.judged() == Storability::Storable);
  CHECK(Case{}.status(404).judged() == Storability::Storable);
  CHECK(Case{}.status(299).answers("cache-control", "max-age=5").judged() == Storability::Storable);
  CHECK(Case{.method = Method::Head}.judged() == Storability::MethodNotGet);
  CHECK(Case{}.status(103).judged() == Storability::StatusNotFinal);
  CHECK(Case{}.status(206).answers("cache-control", "max-age=5").judged() == Storability::StatusPartial);
  CHECK(Case{}.status(304).judged() == Storability::StatusPartial);
}

TEST_CASE("no-store and private forbid keeping", "[http][rfc9111-5.2]") {
  CHECK(Case{}.answers("cache-control", "no-store, max-age=5").judged() == Storability::ResponseNoStore);
  CHECK(Case{}.answers("cache-control", "private, max-age=5").judged() == Storability::Private);
}

TEST_CASE("an answer to credentials is shared only when the origin allows it", "[http][rfc9111-3.5]") {
  for (const auto* value : {"max-age=5", "proxy-revalidate", "no-cache"})
    CHECK(Case{}.asks("authorization", "x").answers("cache-control", value).judged() == Storability::Authorized);
  for (const auto* value : {"public", "s-maxage=5", "must-revalidate"})
    CHECK(Case{}.asks("authorization", "x").answers("cache-control", value).judged() == Storability::Storable);
}

TEST_CASE("a cookie is kept only in what is declared shared", "[http]") {
  CHECK(Case{}.answers("set-cookie", "a=b").judged() == Storability::SetsCookie);
  CHECK(Case{}.answers("set-cookie", "a=b").answers("cache-control", "max-age=9").judged() == Storability::SetsCookie);
  CHECK(Case{}.answers("set-cookie", "a=b").answers("cache-control", "public").judged() == Storability::Storable);
}

TEST_CASE("a cookie that is for one client alone does not keep the rest from being stored", "[http][rfc9111-5.2.2.7]") {
  for (const auto* value : {"private=\"set-cookie\"", "no-cache=\"Set-Cookie\""})
    CHECK(Case{}.answers("set-cookie", "a=b").answers("cache-control", value).judged() == Storability::Storable);
  CHECK(Case{}.answers("set-cookie", "a=b").answers("cache-control", "private=\"x\"").judged() ==
        Storability::SetsCookie);
}

TEST_CASE("the operator may have cookies stored", "[http][rfc9111-7.3]") {
  for (const auto policy : {SetCookiePolicy::Strip, SetCookiePolicy::Store})
    CHECK(Case{.cookies = policy}.answers("set-cookie", "a=b").judged() == Storability::Storable);
}

TEST_CASE("must-understand forbids statuses that we do not know, and lifts no-store from those we do",
          "[http][rfc9111-5.2.2.3]") {
  CHECK(Case{}.status(299).answers("cache-control", "max-age=5, must-understand").judged() ==
        Storability::NotUnderstood);
  CHECK(Case{}.answers("cache-control", "max-age=5, must-understand, no-store").judged() == Storability::Storable);
  CHECK(Case{}.status(599).answers("cache-control", "max-age=5, must-understand, no-store").judged() ==
        Storability::NotUnderstood);
  CHECK(Case{}.answers("cache-control", "max-age=5, no-store").judged() == Storability::ResponseNoStore);
}

TEST_CASE("fields listed by private do not keep the rest from being stored", "[http][rfc9111-5.2.2.7]") {
  CHECK(Case{}.answers("cache-control", "private=\"x-who\"").judged() == Storability::Storable);
  CHECK(Case{}.answers("cache-control", "private=\"x-who\", private").judged() == Storability::Private);
}

TEST_CASE("what varies by anything is not kept", "[http][rfc9111-4.1]") {
  CHECK(Case{}.answers("vary", "accept").answers("vary", "x, *").judged() == Storability::VariesByAnything);
  CHECK(Case{}.answers("vary", "accept").judged() == Storability::Storable);
}

TEST_CASE("without a lifetime only some statuses are kept", "[http][rfc9111-3]") {
  CHECK(Case{}.status(302).judged() == Storability::NothingAllows);
  CHECK(Case{}.status(500).answers("etag", "\"a\"").judged() == Storability::NothingAllows);
  CHECK(Case{}.status(302).answers("cache-control", "max-age=5").judged() == Storability::Storable);
  CHECK(Case{}.status(302).answers("cache-control", "public").answers("etag", "\"a\"").judged() ==
        Storability::Storable);
}

TEST_CASE("what could never be used is not kept", "[http]") {
  CHECK(Case{}.without_defaults().judged() == Storability::FreshForNoTime);
  CHECK(Case{}.answers("cache-control", "no-cache").judged() == Storability::FreshForNoTime);
  CHECK(Case{}.without_defaults().answers("etag", "\"a\"").judged() == Storability::Storable);
  CHECK(Case{}.without_defaults().answers("last-modified", "x").judged() == Storability::Storable);
  CHECK(Case{}.answers("cache-control", "max-age=0").answers("etag", "\"a\"").judged() == Storability::Storable);
}

TEST_CASE("each reason has a word", "[http]") {
  CHECK(to_text(Storability::Storable) == "storable");
  CHECK(to_text(Storability::FreshForNoTime) == "no-validator");
}
