#include "serving/overload.h"

#include "unit/serving/serving_worker.h"

using namespace edge;
using namespace edge::serving;

namespace {

using Level = OverloadLevel;

// The level after probes that came back so late.
Level after(LagLevel& lag, std::initializer_list<std::chrono::milliseconds> probes, std::chrono::milliseconds limit) {
  Level level = Level::None;
  for (const auto late : probes) level = lag.note(late, limit);
  return level;
}

const OriginAnswer kFresh{200, "cache-control: max-age=3600\r\netag: \"1\"\r\n", "held"};
constexpr const char* kPath = "/a/64";

// A worker that holds one response, and has too much to do.
struct Overloaded {
  explicit Overloaded(Level level, const OriginAnswer& held = kFresh) {
    worker.ask(kPath);
    worker.origin_answers(held);
    REQUIRE(worker.last_answer().body == "held");
    worker.set_overload(level);
  }
  std::uint64_t count(metrics::Limit limit) { return worker.counts().limits[limit].value(); }

  struct Answer {
    int status;
    std::string body, cache_status, proxy_status, retry_after;
  };
  Answer ask(const char* method, const char* path) {
    demo::FakeExchange* exchange = nullptr;
    worker.call([&] { exchange = &worker.request(method, path); });
    Answer answer;
    worker.wait_for([&] {
      answer = {exchange->status(), exchange->body(), exchange->field("cache-status"), exchange->field("proxy-status"),
                exchange->field("retry-after")};
      return answer.status != 0;
    });
    return answer;
  }
  bool is_refused(const char* method, const char* path) {
    const Answer answer = ask(method, path);
    CAPTURE(answer.status, answer.cache_status, answer.proxy_status);
    return answer.status == 503 && answer.cache_status == "avatar-edge; detail=overload" &&
           answer.proxy_status.starts_with("avatar-edge; error=proxy_internal_response;") && answer.retry_after == "1";
  }

  ServingWorker worker;
};

}  // namespace

TEST_CASE("a worker that is late four times in a row has too much to do, the more the later", "[serving][overload]") {
  LagLevel lag;
  CHECK(after(lag, {250ms, 250ms, 250ms}, 250ms) == Level::None);
  CHECK(after(lag, {250ms}, 250ms) == Level::Connections);
  CHECK(after(lag, {500ms, 500ms, 500ms}, 250ms) == Level::Connections);
  CHECK(after(lag, {500ms}, 250ms) == Level::Fills);
  CHECK(after(lag, {1000ms, 1000ms, 1000ms, 1000ms}, 250ms) == Level::Hits);
  CHECK(lag.sustained() == 1000ms);
}

TEST_CASE("one turn that took long is no overload, nor a process that was stopped", "[serving][overload]") {
  LagLevel lag;
  CHECK(after(lag, {0ms, 0ms, 0ms, 0ms}, 250ms) == Level::None);
  CHECK(after(lag, {1h}, 250ms) == Level::None);
  CHECK(after(lag, {300ms, 300ms, 1ms, 300ms, 300ms, 300ms}, 250ms) == Level::None);
}

TEST_CASE("the lag must be a quarter below a level four times in a row to leave it", "[serving][overload]") {
  LagLevel lag;
  CHECK(after(lag, {600ms, 600ms, 600ms, 600ms}, 250ms) == Level::Fills);
  CHECK(after(lag, {400ms, 400ms, 400ms, 400ms, 400ms}, 250ms) == Level::Fills);
  CHECK(after(lag, {370ms, 370ms, 370ms}, 250ms) == Level::Fills);
  CHECK(after(lag, {370ms}, 250ms) == Level::Connections);
  CHECK(after(lag, {0ms, 0ms, 0ms, 200ms}, 250ms) == Level::Connections);
  CHECK(after(lag, {0ms, 0ms, 0ms}, 250ms) == Level::Connections);
  CHECK(after(lag, {0ms}, 250ms) == Level::None);
}

TEST_CASE("without a limit nothing is too much, however late or large", "[serving][overload]") {
  LagLevel lag;
  CHECK(after(lag, {1h, 1h, 1h, 1h}, 250ms) == Level::Hits);
  CHECK(lag.note(1h, 0ms) == Level::None);
  MemoryLevel memory;
  CHECK(memory.note(2'000, 1'000) == Level::Hits);
  CHECK(memory.note(UINT64_MAX / 200, 0) == Level::None);
}

TEST_CASE("memory has its levels before the limit, and leaves them three percent lower", "[serving][overload]") {
  MemoryLevel memory;
  CHECK(memory.note(899, 1'000) == Level::None);
  CHECK(memory.note(900, 1'000) == Level::Connections);
  CHECK(memory.note(950, 1'000) == Level::Fills);
  CHECK(memory.note(920, 1'000) == Level::Fills);
  CHECK(memory.note(1'000, 1'000) == Level::Hits);
  CHECK(memory.note(970, 1'000) == Level::Hits);
  CHECK(memory.note(969, 1'000) == Level::Fills);
  CHECK(memory.note(919, 1'000) == Level::Connections);
  CHECK(memory.note(870, 1'000) == Level::Connections);
  CHECK(memory.note(869, 1'000) == Level::None);
  CHECK(memory.note(1'000, 1'000) == Level::Hits);
  CHECK(memory.note(1'000, 1'000'000) == Level::None);  // As a reload changes it.
}

TEST_CASE("while new connections wait, those that are there are served as ever", "[serving][overload]") {
  Overloaded it(Level::Connections);
  CHECK(it.ask("GET", kPath).body == "held");
  it.worker.ask("/b/64");
  it.worker.origin_answers(kFresh);
  CHECK(it.worker.last_answer().body == "held");
}

TEST_CASE("fills and passes are refused before hits", "[serving][overload]") {
  Overloaded it(Level::Fills);
  const std::size_t asked = it.worker.origin_requests();
  CHECK(it.is_refused("GET", "/b/64"));
  CHECK(it.is_refused("POST", "/b/64"));
  CHECK(it.count(metrics::Limit::OverloadFills) == 1);
  CHECK(it.count(metrics::Limit::OverloadPasses) == 1);
  CHECK(it.worker.origin_requests() == asked);
  CHECK(it.ask("GET", kPath).cache_status.starts_with("avatar-edge; hit"));
  it.worker.set_overload(Level::None);
  it.worker.ask("/b/64");
  it.worker.origin_answers(kFresh);
  CHECK(it.worker.last_answer().body == "held");
}

TEST_CASE("an upload that is refused has changed nothing, and fences nothing", "[serving][overload]") {
  Overloaded it(Level::Fills);
  CHECK(it.is_refused("PUT", kPath));
  CHECK(it.ask("GET", kPath).cache_status.starts_with("avatar-edge; hit"));
}

TEST_CASE("who comes while a fill runs that was begun before gets its answer", "[serving][overload]") {
  ServingWorker worker;
  worker.ask(kPath);
  worker.wait_for_origin();
  worker.set_overload(Level::Fills);
  CHECK_FALSE(worker.ask(kPath).is_answered);
  worker.set_overload(Level::Hits);
  worker.origin_answers(kFresh);
  CHECK(worker.last_answer().cache_status.find("collapsed") != std::string::npos);
}

TEST_CASE("what is stale stands in for a fill that is refused, where it may for an error", "[serving][overload]") {
  Overloaded it(Level::Fills, {200, "cache-control: max-age=60, stale-if-error=3600\r\nage: 100\r\n", "held"});
  const auto answer = it.ask("GET", kPath);
  CHECK(answer.body == "held");
  CHECK(answer.cache_status.ends_with("detail=stale-if-error"));
  it.worker.invalidator().update("a", std::nullopt);
  CHECK(it.is_refused("GET", kPath));
}

TEST_CASE("what is stale but may be served while it is revalidated is; the revalidation waits", "[serving][overload]") {
  Overloaded it(Level::Fills, {200, "cache-control: max-age=60, stale-while-revalidate=3600\r\nage: 100\r\n", "held"});
  const std::size_t asked = it.worker.origin_requests();
  CHECK(it.ask("GET", kPath).cache_status.ends_with("detail=stale-while-revalidate"));
  CHECK(it.ask("GET", kPath).cache_status.ends_with("detail=stale-while-revalidate"));
  CHECK(it.worker.origin_requests() == asked);
  it.worker.set_overload(Level::None);
  CHECK(it.ask("GET", kPath).cache_status.ends_with("detail=stale-while-revalidate"));
  it.worker.origin_answers(kFresh);
}

TEST_CASE("at the last hits are refused too, but what takes something away is done", "[serving][overload]") {
  Overloaded it(Level::Hits);
  CHECK(it.is_refused("GET", kPath));
  CHECK(it.ask("HEAD", kPath).status == 503);
  CHECK(it.count(metrics::Limit::OverloadHits) == 2);
  CHECK(it.ask("PURGE", kPath).body == "{\"responses\":1,\"fills\":0}\n");
}
