// What one fetch from the origin costs: fetch_bench URL TARGET [FETCHES] [CONCURRENCY].
// Asks the origin at URL for TARGET that many times, so many at once, and prints the processor time of each, without
// the origin's.
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <deque>

#include "event/event_loop.h"
#include "origin/origin.h"

namespace {

using namespace edge;

double cpu_microseconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto of = [](const timeval& t) { return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_usec); };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

struct Bench {
  event::EventLoop& loop;
  origin::Origin& origin;
  std::string target;
  long left;
  long running = 0;
  long failed = 0;
  std::uint64_t bytes = 0;
};

// Fetches again and again until nothing is left to do.
class Asker final : public origin::FetchObserver {
 public:
  explicit Asker(Bench& bench) : bench_(bench) { ask(); }

 private:
  void ask() {
    --bench_.left;
    ++bench_.running;
    fetch_ = bench_.origin.start(
        {.target = bench_.target, .field_lines = "accept: image/*\r\nuser-agent: bench\r\nvia: 1.1 avatar-edge\r\n"},
        *this);
  }
  void ended() {
    --bench_.running;
    if (bench_.left > 0) return ask();
    fetch_.reset();
    if (bench_.running == 0) bench_.loop.stop();
  }

  origin::BodyMode on_head(const http::ResponseHead& head) override {
    if (head.status != 200) ++bench_.failed;
    return origin::BodyMode::Collect;
  }
  void on_body(std::string_view) override {}
  origin::BodyMode on_collect_overflow() override { return origin::BodyMode::Stream; }
  void on_end() override {
    bench_.bytes += fetch_->take_body().size();
    ended();
  }
  void on_error(const origin::FetchError& error) override {
    if (bench_.failed++ == 0) std::fprintf(stderr, "%s\n", error.detail.c_str());
    ended();
  }

  Bench& bench_;
  std::unique_ptr<origin::Fetch> fetch_;
};

double run(Bench& bench, long fetches, int concurrency) {
  bench.left = fetches;
  std::deque<Asker> askers;
  const double before = cpu_microseconds();
  for (int i = 0; i < concurrency && bench.left > 0; ++i) askers.emplace_back(bench);
  bench.loop.run();
  return (cpu_microseconds() - before) / static_cast<double>(fetches);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: fetch_bench URL TARGET [FETCHES] [CONCURRENCY]\n");
    return 2;
  }
  const long fetches = argc > 3 ? std::atol(argv[3]) : 100'000;
  const int concurrency = argc > 4 ? std::atoi(argv[4]) : 32;
  SystemClock clock;
  event::EventLoop loop(clock);
  metrics::WorkerMetrics metrics;
  origin::OriginOptions options;
  options.urls = {argv[1]};
  const auto origin = origin::make_origin(loop, options, metrics);
  Bench bench{.loop = loop, .origin = *origin, .target = argv[2], .left = 0};
  run(bench, concurrency * 10, concurrency);  // Connections and handles are made.
  bench.bytes = 0;
  const double each = run(bench, fetches, concurrency);
  std::printf("%.2f us a fetch, %ld fetches, %ld failed, %.0f bytes each, %llu connections\n", each, fetches,
              bench.failed, static_cast<double>(bench.bytes) / static_cast<double>(fetches),
              static_cast<unsigned long long>(metrics.origin_connections_opened.value()));
  return bench.failed == 0 ? 0 : 1;
}
