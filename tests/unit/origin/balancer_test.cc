#include "origin/balancer.h"

#include "support/catch.h"

using namespace edge;
using namespace edge::origin;
using namespace std::chrono_literals;

namespace {

std::vector<OriginUrlRef> urls(std::size_t count) {
  std::vector<OriginUrlRef> made;
  for (std::size_t i = 0; i < count; ++i)
    made.push_back(std::make_shared<const OriginUrl>(*parse_origin_url("http://origin" + std::to_string(i))));
  return made;
}

const Instant kNow{10s};

}  // namespace

TEST_CASE("URLs take turns", "[origin][balancer]") {
  const auto all = urls(3);
  Balancer balancer(all);
  for (const std::size_t expected : {0u, 1u, 2u, 0u}) CHECK(balancer.find_next(kNow, {}) == all[expected]);
}

TEST_CASE("an ejected URL is left out until its time is over, or it has answered", "[origin][balancer]") {
  const auto all = urls(2);
  Balancer balancer(all);
  balancer.eject(all[0], kNow, 1s);
  CHECK(balancer.find_next(kNow, {}) == all[1]);
  CHECK(balancer.find_next(kNow + 999ms, {}) == all[1]);
  CHECK(balancer.find_next(kNow + 1s, {}) == all[0]);
  balancer.eject(all[0], kNow + 1s, 1s);
  balancer.readmit(all[0]);
  CHECK(balancer.find_next(kNow + 1s, {}) == all[1]);
  CHECK(balancer.find_next(kNow + 1s, {}) == all[0]);
}

TEST_CASE("where all URLs are ejected, the one that failed longest ago is tried", "[origin][balancer]") {
  const auto all = urls(3);
  Balancer balancer(all);
  balancer.eject(all[1], kNow, 10s);
  balancer.eject(all[0], kNow + 1s, 10s);
  balancer.eject(all[2], kNow + 2s, 10s);
  CHECK(balancer.find_next(kNow + 3s, {}) == all[1]);
  CHECK(balancer.find_next(kNow + 3s, std::vector{all[1]}) == all[0]);
  CHECK(balancer.find_next(kNow + 3s, all) == nullptr);
}

TEST_CASE("a URL that is no longer configured is not remembered", "[origin][balancer]") {
  const auto all = urls(1);
  Balancer balancer(all);
  const auto gone = urls(1)[0];
  balancer.eject(gone, kNow, 1s);
  balancer.readmit(gone);
  CHECK(balancer.find_next(kNow, {}) == all[0]);
}
