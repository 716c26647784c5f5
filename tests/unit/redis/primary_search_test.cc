#include "redis/primary_search.h"

#include "support/catch.h"
#include "support/fake_sentinel.h"

using namespace edge;
using namespace edge::redis;
using edge::test::FakeSentinel;
using edge::test::url_of;
using namespace std::chrono_literals;

namespace {

struct Searcher {
  Searcher() {
    memory.on_ask_failed = [this] { ++failed; };
  }
  // The port found, or what is wrong.
  std::string search(const RedisUrl& url, std::chrono::milliseconds timeout = 10s) {
    std::string answer;
    PrimarySearch search(loop, url, timeout, memory, [&](const Result<NamedPrimary>& found) {
      answer = found ? std::to_string(found->port) : found.error().message;
      loop.stop();
    });
    loop.run();
    return answer;
  }

  SystemClock clock;
  event::EventLoop loop{clock};
  SentinelMemory memory;
  int failed = 0;
};

}  // namespace

TEST_CASE("sentinels are asked in turn, and the one that answered is asked first the next time", "[redis]") {
  FakeSentinel gone, silent, good, last;
  gone.stop();
  silent.be_silent();
  good.name(7001);
  last.name(7001);
  Searcher searcher;
  const RedisUrl url = url_of(gone, silent, good, last);
  CHECK(searcher.search(url, 100ms) == "7001");
  CHECK(searcher.failed == 2);
  CHECK(searcher.search(url) == "7001");
  CHECK(searcher.failed == 2);
  CHECK(good.asked() == 2);
  CHECK(last.asked() == 0);
  // After the last of the list comes the first.
  good.stop();
  last.stop();
  CHECK(searcher.search(url, 100ms).find("sentinel " + good.place()) == 0);
  CHECK(searcher.failed == 6);
}

TEST_CASE("where no sentinel knows the primary, the error says what came of each", "[redis]") {
  FakeSentinel gone, ignorant;
  gone.stop();
  Searcher searcher;
  const std::string why = searcher.search(url_of(gone, ignorant));
  CHECK(why.find("sentinel " + gone.place() + ": ") == 0);
  CHECK(why.find("; sentinel " + ignorant.place() + ": no master named 'faces'") != std::string::npos);
  CHECK(searcher.failed == 2);
}

TEST_CASE("a sentinel that is behind is not believed against one that was heard", "[redis]") {
  FakeSentinel ahead, behind, gone;
  ahead.name(7002, 4);
  behind.name(7001, 3);
  gone.stop();
  Searcher searcher;
  CHECK(searcher.search(url_of(ahead, behind, gone)) == "7002");
  ahead.stop();
  const std::string why = searcher.search(url_of(ahead, behind, gone));
  CHECK(why.find("it names 127.0.0.1:7001, but is behind: epoch 3, another has said 4") != std::string::npos);
  // Nor is one that comes first.
  FakeSentinel again;
  again.name(7002, 4);
  CHECK(searcher.search(url_of(behind, again, gone)) == "7002");
  // It may catch up.
  behind.name(7003, 5);
  again.stop();
  CHECK(searcher.search(url_of(behind, again, gone)) == "7003");
}

TEST_CASE("sentinels that were set up anew are believed when more than half agree", "[redis]") {
  FakeSentinel first, second, third;
  Searcher searcher;
  searcher.memory.epoch = 9;
  first.name(7001, 0);
  second.name(7002, 0);
  CHECK(searcher.search(url_of(first, second, third)).find("is behind") != std::string::npos);
  third.name(7001, 0);
  CHECK(searcher.search(url_of(first, second, third)) == "7001");
  CHECK(searcher.memory.epoch == 0u);
  // Half are not more than half.
  searcher.memory.epoch = 9;
  CHECK(searcher.search(url_of(first, second)).find("is behind") != std::string::npos);
}

TEST_CASE("an epoch that more than half have contradicted is believed again when more than half name it", "[redis]") {
  FakeSentinel alone, second, third;
  alone.name(7001, 9);
  second.name(7002, 3);
  third.name(7002, 3);
  Searcher searcher;
  const RedisUrl url = url_of(alone, second, third);
  REQUIRE(searcher.search(url) == "7001");
  alone.name_nobody();
  REQUIRE(searcher.search(url) == "7002");
  alone.name(7001, 9);
  second.name_nobody();
  third.name_nobody();
  CHECK(searcher.search(url).find("it names 127.0.0.1:7001, but by epoch 9, which more than half have contradicted") !=
        std::string::npos);
  second.name(7001, 9);
  CHECK(searcher.search(url) == "7001");
  second.name_nobody();
  CHECK(searcher.search(url) == "7001");
}

TEST_CASE("a sentinel whose epoch may not be asked for is believed", "[redis]") {
  FakeSentinel sentinel;
  sentinel.name(7001, 1);
  Searcher searcher;
  CHECK(searcher.search(url_of(sentinel)) == "7001");
  sentinel.name(7002, 1);
  sentinel.hide_epoch();
  CHECK(searcher.search(url_of(sentinel)) == "7002");
  CHECK(searcher.memory.epoch == 1u);
}
