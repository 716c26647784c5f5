#include "serving/rate_limiter.h"

#include "support/catch.h"
#include "unit/demo/fake_exchange.h"

using namespace edge;
using namespace edge::serving;
using demo::FakeExchange;
using metrics::RateKind;
using namespace std::chrono_literals;

namespace {

struct Asked {
  std::string client = "192.0.2.1";
  std::string method = "GET";
  std::string path = "/avatars/42/96";
  std::string name{};  // Of a field.
  std::string value{};
};

struct Story {
  explicit Story(std::vector<RateOptions> rates) : limiter(1024) { set(std::move(rates)); }

  void set(std::vector<RateOptions> rates) {
    auto made = make_rate_rules({.rates = std::move(rates)});
    REQUIRE(made);
    rules = *std::move(made);
  }

  std::optional<RateRefusal> ask(const Asked& asked) {
    FakeExchange exchange(loop, asked.method, asked.path);
    exchange.come_from(asked.client);
    if (!asked.name.empty()) exchange.add_field(asked.name, asked.value);
    return limiter.refusal(rules, exchange, asked.path, *routes, clock.now(), counts());
  }
  bool may(const Asked& asked) { return !ask(asked); }
  metrics::WorkerMetrics& counts() { return counts_; }

  FakeClock clock;
  event::EventLoop loop{clock};
  metrics::WorkerMetrics counts_;
  Result<Routes> routes = parse_routes({"/avatars/{avatar}/{variant}", "/u/{avatar}"});
  RateLimiter limiter;
  RateRules rules;
};

RateOptions one_a_minute(RateKind by, std::string header = {}) {
  return {.by = by, .header = std::move(header), .rate = "1/m"};
}

// {"sub":"ann"} and {"sub":"bob"}.
const std::string kAnn = "Bearer e30.eyJzdWIiOiJhbm4ifQ.c2VhbA";
const std::string kBob = "Bearer e30.eyJzdWIiOiJib2IifQ.c2VhbA";

}  // namespace

TEST_CASE("by address: each IPv4 address, and each /64 of IPv6, has a budget", "[serving][limit]") {
  Story story({one_a_minute(RateKind::Address)});
  CHECK(story.may({.client = "192.0.2.1"}));
  CHECK_FALSE(story.may({.client = "192.0.2.1"}));
  CHECK(story.may({.client = "192.0.2.2"}));
  CHECK(story.may({.client = "2001:db8::1"}));
  CHECK_FALSE(story.may({.client = "2001:db8::2"}));
  CHECK(story.may({.client = "2001:db8:0:1::1"}));
  CHECK(story.counts().rate_limited[RateKind::Address].value() == 2);
}

TEST_CASE("by header: each value has a budget, from wherever it comes", "[serving][limit]") {
  Story story({one_a_minute(RateKind::Header, "X-User-Id")});
  CHECK(story.may({.name = "x-user-id", .value = "ann"}));
  CHECK_FALSE(story.may({.client = "192.0.2.2", .name = "X-User-Id", .value = "ann"}));
  CHECK(story.may({.name = "x-user-id", .value = "bob"}));
}

TEST_CASE("who leaves out the header is told apart by address", "[serving][limit]") {
  Story story({one_a_minute(RateKind::Header, "X-User-Id")});
  CHECK(story.may({}));
  CHECK_FALSE(story.may({}));
  CHECK_FALSE(story.may({.name = "x-user-id", .value = ""}));
  CHECK(story.may({.client = "192.0.2.2"}));
}

TEST_CASE("by token: each subject has a budget, and who has none is told apart by address", "[serving][limit]") {
  Story story({one_a_minute(RateKind::TokenSubject)});
  CHECK(story.may({.name = "authorization", .value = kAnn}));
  CHECK_FALSE(story.may({.client = "192.0.2.2", .name = "authorization", .value = kAnn}));
  CHECK(story.may({.name = "authorization", .value = kBob}));
  CHECK(story.may({.name = "authorization", .value = "Bearer opaque"}));
  CHECK_FALSE(story.may({.name = "authorization", .value = "Bearer other"}));
}

TEST_CASE("by avatar: all variants and clients share a budget", "[serving][limit]") {
  Story story({one_a_minute(RateKind::Avatar)});
  CHECK(story.may({.path = "/avatars/42/96"}));
  CHECK_FALSE(story.may({.client = "192.0.2.2", .path = "/avatars/42/46"}));
  CHECK_FALSE(story.may({.path = "/u/42"}));
  CHECK(story.may({.path = "/avatars/43/96"}));
}

TEST_CASE("by route: all that a route matches shares a budget, and so does what none does", "[serving][limit]") {
  Story story({one_a_minute(RateKind::Route)});
  CHECK(story.may({.path = "/avatars/42/96"}));
  CHECK_FALSE(story.may({.path = "/avatars/43/46"}));
  CHECK(story.may({.path = "/u/42"}));
  CHECK(story.may({.path = "/x"}));
  CHECK_FALSE(story.may({.path = "/y"}));
}

TEST_CASE("a rate for some methods does not count the others", "[serving][limit]") {
  RateOptions uploads = one_a_minute(RateKind::Address);
  uploads.methods = RateMethods::Unsafe;
  Story story({uploads});
  for (const char* method : {"GET", "HEAD", "OPTIONS", "PURGE"})
    for (int i = 0; i < 3; ++i) CHECK(story.may({.method = method}));
  CHECK(story.may({.method = "PUT"}));
  for (const char* method : {"PUT", "POST", "DELETE", "PATCH", "BREW"}) CHECK_FALSE(story.may({.method = method}));
  CHECK(story.may({.method = "GET"}));
}

TEST_CASE("the first rate that refuses is named, and those after it have not counted the request", "[serving][limit]") {
  Story story({{.by = RateKind::Address, .rate = "2/m"}, one_a_minute(RateKind::Avatar)});
  CHECK(story.may({.path = "/avatars/1/96"}));
  const auto second = story.ask({.path = "/avatars/1/96"});
  REQUIRE(second);
  CHECK(second->rule.name == "avatar");
  const auto third = story.ask({.path = "/avatars/2/96"});
  REQUIRE(third);
  CHECK(third->rule.name == "address");
  CHECK(third->rule.policy_field == "\"address\";q=2;w=60");
  CHECK(story.may({.client = "192.0.2.2", .path = "/avatars/2/96"}));
}

TEST_CASE("two rates of one kind have names and budgets of their own", "[serving][limit]") {
  Story story({{.by = RateKind::Address, .rate = "10/s"}, {.by = RateKind::Address, .rate = "20/m"}});
  CHECK(story.rules.rules[0].policy_field == "\"address\";q=10;w=1");
  CHECK(story.rules.rules[1].policy_field == "\"address-2\";q=20;w=60");
}

TEST_CASE("a rate that is only tried out counts, and refuses nothing", "[serving][limit]") {
  RateOptions trial = one_a_minute(RateKind::Address);
  trial.dry_run = true;
  Story story({trial});
  for (int i = 0; i < 3; ++i) CHECK(story.may({}));
  CHECK(story.counts().rate_limited_dry[RateKind::Address].value() == 2);
  CHECK(story.counts().rate_limited[RateKind::Address].value() == 0);
}

TEST_CASE("the degraded mode limits uploads while it is on", "[serving][limit]") {
  Story story({});
  const Asked put{.method = "PUT", .name = "authorization", .value = kAnn};
  for (int i = 0; i < 3; ++i) CHECK(story.may(put));
  story.limiter.set_degraded(true);
  CHECK(story.may(put));
  const auto refused = story.ask(put);
  REQUIRE(refused);
  CHECK(refused->wait == 60s);
  CHECK(refused->rule.name == "degraded");
  CHECK(story.may({.method = "PUT", .name = "authorization", .value = kBob}));
  for (int i = 0; i < 3; ++i) CHECK(story.may({.name = "authorization", .value = kAnn}));
  CHECK(story.counts().rate_limited[RateKind::Degraded].value() == 1);
  story.limiter.set_degraded(false);
  CHECK(story.may(put));
}

TEST_CASE("a rate that a reload leaves alone keeps its budgets, and one that it changes has new ones",
          "[serving][limit]") {
  Story story({one_a_minute(RateKind::Address)});
  CHECK(story.may({}));
  story.set({one_a_minute(RateKind::Address), one_a_minute(RateKind::Avatar)});
  CHECK_FALSE(story.may({}));
  story.set({{.by = RateKind::Address, .rate = "2/m"}});
  CHECK(story.may({}));
  CHECK(story.may({}));
  CHECK_FALSE(story.may({}));
}
