// What overtakes a fill at each step between asked and stored, held open at that step on the worker's own thread.
#include "base/pause_point.h"
#include "unit/serving/serving_worker.h"

using namespace edge;
using namespace edge::serving;

namespace {

const char* const kPointsBefore[] = {"fill.claimed", "fill.asked", "fill.head_judged", "fill.body_collected",
                                     "cache.room_made"};

struct Overtaking {
  const char* name;
  void (*happens)(ServingWorker& worker);
};
const Overtaking kOvertaking[] = {
    {"an event",
     [](ServingWorker& worker) {
       worker.cache().invalidate("a", {.id = {5, 0}});
     }},
    {"an update by hand", [](ServingWorker& worker) { worker.invalidator().update("a", std::nullopt); }},
    {"a purge", [](ServingWorker& worker) { worker.invalidator().purge_avatar("a", cache::PurgeMode::Hard); }},
    {"a soft purge", [](ServingWorker& worker) { worker.invalidator().purge_avatar("a", cache::PurgeMode::Soft); }},
    {"a gap",
     [](ServingWorker& worker) {
       worker.cache().begin_generation({7, 0});
     }},
    {"an unsafe request", [](ServingWorker& worker) { worker.invalidator().unsafe_request("a", std::nullopt, false); }},
};

const OriginAnswer kFresh{200, "cache-control: max-age=3600\r\netag: \"1\"\r\n", "old"};
const OriginAnswer kNew{200, "cache-control: max-age=3600\r\netag: \"2\"\r\n", "new"};

// What brings an answer home; of some there is something stale before.
struct Kind {
  const char* name;
  const char* lines_before;  // Of what is held; null: nothing.
  OriginAnswer answer;
};
const Kind kKinds[] = {
    {"a fill", nullptr, kFresh},
    {"a fill of a 404", nullptr, {404, "cache-control: max-age=3600\r\n", "old"}},
    {"a 304",
     "cache-control: max-age=60\r\nage: 100\r\netag: \"1\"\r\n",
     {304, "cache-control: max-age=3600\r\netag: \"1\"\r\n"}},
    {"a refresh behind an answer",
     "cache-control: max-age=60, stale-while-revalidate=3600\r\nage: 100\r\netag: \"1\"\r\n",
     {304, "cache-control: max-age=3600\r\netag: \"1\"\r\n"}},
};

// A worker with a lease, on which a fill of that kind is about to begin.
void prepare(ServingWorker& worker, const Kind& kind) {
  worker.cache().trust().require_lease(1h);
  worker.cache().trust().extend_lease(SystemClock().now());
  if (!kind.lines_before) return;
  worker.ask("/a/64");
  worker.origin_answers({200, kind.lines_before, "old"});
  REQUIRE(worker.last_answer().body == "old");
}
void begin(ServingWorker& worker) {
  worker.post([&worker] { worker.get("/a/64"); });
}
// On a thread that may be held on its way.
void answer_later(ServingWorker& worker, const Kind& kind) {
  worker.post([&worker, answer = kind.answer] { worker.origin().answer(answer); });
}
bool comes_before_answer(std::string_view point) { return point == "fill.claimed" || point == "fill.asked"; }

}  // namespace

TEST_CASE("whatever overtakes a fill, at whichever step, fences it: the answer reaches who waits, and is not stored",
          "[serving][PROTOCOL R1][PROTOCOL R2][PROTOCOL R11]") {
  for (const Kind& kind : kKinds)
    for (const char* const point : kPointsBefore)
      for (const Overtaking& overtaking : kOvertaking) {
        INFO(overtaking.name << " overtakes " << kind.name << " at " << point);
        ServingWorker worker;
        prepare(worker, kind);
        HeldPoint held(point);
        begin(worker);
        if (!comes_before_answer(point)) answer_later(worker, kind);
        held.wait_for_arrival();
        overtaking.happens(worker);
        worker.cache().trust().extend_lease(SystemClock().now());
        held.let_go();
        if (comes_before_answer(point)) worker.origin_answers(kind.answer);
        CHECK(worker.last_answer().body == "old");
        worker.wait_for([&] { return worker.counts().fills[metrics::FillEnd::Voided].value() == 1; });

        // Who comes now leads a fill of its own.
        const std::size_t asked_before = worker.origin_requests();
        CHECK_FALSE(worker.ask("/a/64").is_answered);
        CHECK(worker.origin_requests() == asked_before + 1);
        worker.origin_answers(kNew);
        CHECK(worker.last_answer().body == "new");
        CHECK(worker.ask("/a/64").body == "new");
      }
}

TEST_CASE("whatever comes once an answer is stored finds it held, before those who wait have heard of it",
          "[serving][PROTOCOL R3]") {
  for (const Kind& kind : kKinds)
    for (const Overtaking& overtaking : kOvertaking) {
      INFO(overtaking.name << " comes after " << kind.name);
      ServingWorker worker;
      prepare(worker, kind);
      HeldPoint held("cache.entered");
      begin(worker);
      answer_later(worker, kind);
      held.wait_for_arrival();
      overtaking.happens(worker);
      worker.cache().trust().extend_lease(SystemClock().now());
      held.let_go();
      CHECK(worker.last_answer().body == "old");
      CHECK_FALSE(worker.ask("/a/64").is_answered);
      worker.origin_answers(kNew);
      CHECK(worker.last_answer().body == "new");
    }
}

// ---- An origin that lags ----

namespace {

CachingPolicy lagging(std::uint32_t retries, std::chrono::milliseconds pause) {
  CachingPolicy caching;
  caching.lag_retries = retries;
  caching.lag_pause = pause;
  return caching;
}
OriginAnswer version(int number) {
  return {200, "cache-control: max-age=3600\r\nx-avatar-version: " + std::to_string(number) + "\r\n",
          "version " + std::to_string(number)};
}

}  // namespace

TEST_CASE("an answer older than an update has said is asked for again", "[serving][PROTOCOL R4]") {
  ServingWorker worker(lagging(3, 1ms));
  worker.invalidator().update("a", 5);
  worker.ask("/a/64");
  worker.origin_answers(version(4));
  worker.origin_answers(version(4));
  worker.origin_answers(version(5));
  CHECK(worker.last_answer().body == "version 5");
  CHECK(worker.counts().origin_lag_retries.value() == 2);
  CHECK(worker.ask("/a/64").body == "version 5");  // It is stored.
}

TEST_CASE("after the last try what is older is passed on, says so, and is not stored", "[serving][PROTOCOL R4]") {
  ServingWorker worker(lagging(2, 1ms));
  worker.invalidator().update("a", 5);
  worker.ask("/a/64");
  for (int i = 0; i < 3; ++i) worker.origin_answers(version(4));
  const auto answer = worker.last_answer();
  CHECK(answer.body == "version 4");
  CHECK(answer.cache_status.find("detail=behind-update") != std::string::npos);
  CHECK(worker.counts().origin_lag_retries.value() == 2);
  CHECK(worker.counts().fills[metrics::FillEnd::BelowFloor].value() == 1);
  CHECK_FALSE(worker.ask("/a/64").is_answered);
}

TEST_CASE("where nothing is to be asked again an older answer is passed on at once", "[serving][PROTOCOL R4]") {
  ServingWorker worker(lagging(0, 1ms));
  worker.invalidator().update("a", 5);
  worker.ask("/a/64");
  worker.origin_answers(version(4));
  CHECK(worker.last_answer().body == "version 4");
}

TEST_CASE("those who come while an origin that lags is asked again share its answer", "[serving][PROTOCOL R4]") {
  ServingWorker worker(lagging(3, 1ms));
  worker.invalidator().update("a", 5);
  worker.ask("/a/64");
  worker.origin_answers(version(4));
  worker.ask("/a/64");
  worker.origin_answers(version(5));
  CHECK(worker.last_answer().body == "version 5");
  CHECK(worker.origin_requests() == 2);
}

TEST_CASE("a worker that ends while an origin that lags is to be asked again tells who waits", "[serving]") {
  ServingWorker worker(lagging(1, 1h));
  worker.invalidator().update("a", 5);
  worker.ask("/a/64");
  worker.origin_answers(version(4));
}
