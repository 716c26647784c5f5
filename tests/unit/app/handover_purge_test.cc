#include "app/handover_purge.h"

#include "support/catch.h"

using namespace edge;
using namespace edge::app;
using serving::Purge;

namespace {

// Two ends of a link on one loop; what comes at the second is kept.
struct Pair {
  Pair() {
    auto ends = *net::socket_pair();
    first.emplace(loop, std::move(ends.first),
                  HandoverLink::Callbacks{[](const HandoverFrame&) {}, [] {},
                                          [this] {
                                            teller.on_sent(*first);
                                            if (first->unsent() == 0) first.reset();
                                          }});
    second.emplace(loop, std::move(ends.second),
                   HandoverLink::Callbacks{[this](const HandoverFrame& frame) {
                                             const auto purge = try_purge(frame);
                                             REQUIRE(purge);
                                             told.push_back(*purge);
                                           },
                                           [this] { loop.stop(); }, [] {}});
  }

  SystemClock clock;
  event::EventLoop loop{clock};
  PurgeTeller teller;
  std::optional<HandoverLink> first, second;
  std::vector<Purge> told;
};

}  // namespace

TEST_CASE("a purge is told as it was made", "[app][handover]") {
  const auto what = GENERATE(Purge::What::Avatar, Purge::What::Url, Purge::What::All);
  const auto mode = GENERATE(cache::PurgeMode::Soft, cache::PurgeMode::Hard);
  Pair pair;
  pair.teller.tell(*pair.first, {what, mode, "/avatars/a b?c"});
  pair.loop.run();
  REQUIRE(pair.told.size() == 1);
  CHECK(pair.told[0].what == what);
  CHECK(pair.told[0].mode == mode);
  CHECK(pair.told[0].name == "/avatars/a b?c");
}

TEST_CASE("more purges than may wait are told as one of everything", "[app][handover]") {
  Pair pair;
  for (std::size_t i = 0; i < PurgeTeller::kUnsentMax + 5; ++i)
    pair.teller.tell(*pair.first, {Purge::What::Avatar, cache::PurgeMode::Soft, std::to_string(i)});
  pair.loop.run();
  REQUIRE(pair.told.size() == PurgeTeller::kUnsentMax + 1);
  CHECK(pair.told.back().what == Purge::What::All);
  CHECK(pair.told.back().mode == cache::PurgeMode::Hard);
}

TEST_CASE("a frame that says something else, or something new, is no purge", "[app][handover]") {
  const auto words = GENERATE(std::vector<std::string_view>{"ready"}, std::vector<std::string_view>{"purge", "hard"},
                              std::vector<std::string_view>{"purge", "hard", "galaxy"});
  CHECK_FALSE(try_purge({words, ""}));
}
