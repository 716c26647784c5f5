// cache_simulator: S3-FIFO, the very code of the memory cache, against LRU and the optimum. README.md here has what it
// showed. One thread; the same arguments print the same figures.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "simulated_cache.h"
#include "simulated_stream.h"

namespace edge::bench {
namespace {

struct SimulatorOptions {
  StreamOptions stream;
  std::string trace;
  std::vector<double> alphas{0.7, 0.8, 0.9, 1.0, 1.1};
  std::vector<double> percents{1, 5, 20};  // Budget, of the footprint.
  cache::S3FifoOptions s3_fifo;
  std::uint32_t shards = 64;
  bool is_json = false;
};

struct Row {
  std::string stream;
  double percent;
  std::uint64_t budget;
  Outcome lru;
  S3FifoOutcome s3_fifo;
  S3FifoOutcome sharded;
  Outcome belady;
  Outcome bound;
};

Row simulate(const Stream& stream, double percent, const SimulatorOptions& options) {
  const auto budget = static_cast<std::uint64_t>(static_cast<double>(stream.footprint) * percent / 100);
  return Row{stream.name,
             percent,
             budget,
             run_lru(stream, budget),
             run_s3_fifo(stream, budget, options.s3_fifo, 1),
             run_s3_fifo(stream, budget, options.s3_fifo, options.shards),
             run_belady(stream, budget),
             run_bound(stream, budget)};
}

void print_stream(const Stream& stream, const SimulatorOptions& options) {
  std::printf("\n%s: %zu events, %zu keys, footprint %.1f MiB\n", stream.name.c_str(), stream.events.size(),
              stream.sizes.size(), static_cast<double>(stream.footprint) / (1 << 20));
  std::printf("%8s |%42s |%42s\n", "", "misses, % of requests", "missed bytes, % of bytes");
  const std::string sharded = "S3x" + std::to_string(options.shards);
  std::printf("%8s |", "budget");
  for (int i = 0; i < 2; ++i)
    std::printf("%8s%8s%9s%9s%8s %c", "LRU", "S3-FIFO", sharded.c_str(), "Belady", "bound", i == 0 ? '|' : '\n');
}

void print_row(const Row& row) {
  const auto print = [&row](double (Outcome::*ratio)() const) {
    std::printf("%8.2f%8.2f%9.2f%9.2f%8.2f ", 100 * (row.lru.*ratio)(), 100 * (row.s3_fifo.*ratio)(),
                100 * (row.sharded.*ratio)(), 100 * (row.belady.*ratio)(), 100 * (row.bound.*ratio)());
  };
  std::printf("%7g%% |", row.percent);
  print(&Outcome::miss_ratio);
  std::printf("|");
  print(&Outcome::byte_miss_ratio);
  std::printf("\n");
}

nlohmann::json to_json(const Outcome& outcome) {
  return {{"requests", outcome.requests},
          {"misses", outcome.misses},
          {"bytes", outcome.bytes},
          {"missed_bytes", outcome.missed_bytes},
          {"miss_ratio", outcome.miss_ratio()},
          {"byte_miss_ratio", outcome.byte_miss_ratio()}};
}

nlohmann::json to_json(const S3FifoOutcome& outcome) {
  nlohmann::json json = to_json(static_cast<const Outcome&>(outcome));
  const cache::S3Fifo::Statistics& statistics = outcome.statistics;
  json["evicted_small"] = statistics.evicted_small;
  json["evicted_main"] = statistics.evicted_main;
  json["evicted_hit"] = statistics.evicted_hit;
  json["promotions"] = statistics.promotions;
  json["reinsertions"] = statistics.reinsertions;
  json["ghost_hits"] = statistics.ghost_hits;
  json["ghost_bytes"] = outcome.ghost_bytes;
  json["bytes_max"] = outcome.bytes_max;
  return json;
}

nlohmann::json to_json(const Row& row) {
  return {{"stream", row.stream},          {"budget_percent", row.percent},   {"budget_bytes", row.budget},
          {"lru", to_json(row.lru)},       {"s3_fifo", to_json(row.s3_fifo)}, {"s3_fifo_sharded", to_json(row.sharded)},
          {"belady", to_json(row.belady)}, {"bound", to_json(row.bound)}};
}

std::vector<StreamOptions> streams_of(const SimulatorOptions& options) {
  std::vector<StreamOptions> streams;
  for (const double alpha : options.alphas) {
    streams.push_back(options.stream);
    streams.back().alpha = alpha;
  }
  return streams;
}

int run(const SimulatorOptions& options) {
  nlohmann::json rows = nlohmann::json::array();
  const auto run_stream = [&](const Stream& stream) {
    if (!options.is_json) print_stream(stream, options);
    for (const double percent : options.percents) {
      const Row row = simulate(stream, percent, options);
      if (options.is_json)
        rows.push_back(to_json(row));
      else
        print_row(row);
    }
  };

  if (!options.is_json)
    std::printf(
        "seed %llu, small share %g, promotion hits %u, ghost share %g, ghost reach %g, large ratio %g, moves %u\n",
        static_cast<unsigned long long>(options.stream.seed), options.s3_fifo.small_share,
        options.s3_fifo.promotion_hits, options.s3_fifo.ghost_share, options.s3_fifo.ghost_reach,
        options.s3_fifo.large_ratio, options.s3_fifo.moves_max);
  if (!options.trace.empty()) {
    const auto stream = parse_trace(options.trace);
    if (!stream) {
      std::fprintf(stderr, "cache_simulator: %s\n", stream.error().message.c_str());
      return 1;
    }
    run_stream(*stream);
  } else {
    for (const StreamOptions& stream : streams_of(options)) run_stream(zipf_stream(stream));
  }
  if (options.is_json)
    std::printf("%s\n", nlohmann::json{{"seed", options.stream.seed}, {"rows", rows}}.dump(2).c_str());
  return 0;
}

void declare(CLI::App& app, SimulatorOptions& options) {
  StreamOptions& stream = options.stream;
  app.add_option("--requests", stream.requests, "Requests in each stream")->check(CLI::Range(1'000, 1'000'000'000));
  app.add_option("--objects", stream.keys, "Keys with a popularity rank")->check(CLI::Range(10, 100'000'000));
  app.add_option("--alpha", options.alphas, "Zipf exponents, one stream each")->check(CLI::Range(0.0, 3.0));
  app.add_option("--one-hit", stream.one_hit_share, "Share of all keys that are asked for exactly once")
      ->check(CLI::Range(0.0, 0.95));
  app.add_option("--drift", stream.drift, "Rank swaps over the stream, for each ranked key")
      ->check(CLI::Range(0.0, 100.0));
  app.add_option("--updates", stream.update_share, "Updates (they drop the response) for each request")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--seed", stream.seed, "Seed of the streams");
  app.add_option("--trace", options.trace, "Replay this CSV file instead: time,key,size or key,size");
  app.add_option("--budget", options.percents, "Sizes of the cache, percent of the footprint")
      ->check(CLI::Range(0.001, 100.0));
  app.add_option("--shards", options.shards, "Queues of the sharded S3-FIFO")->check(CLI::Range(1, 4096));
  app.add_option("--small-share", options.s3_fifo.small_share, "S3-FIFO: share of the bytes on probation")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--promotion-hits", options.s3_fifo.promotion_hits, "S3-FIFO: hits that earn a place in main")
      ->check(CLI::Range(1, int{cache::kEvictionHitsMax}));
  app.add_option("--ghost-share", options.s3_fifo.ghost_share, "S3-FIFO: keys remembered for each one held")
      ->check(CLI::Range(0.0, 100.0));
  app.add_option("--ghost-reach", options.s3_fifo.ghost_reach,
                 "S3-FIFO: a remembered key returns to main within so many times the bytes held, by its size");
  app.add_option("--large-ratio", options.s3_fifo.large_ratio,
                 "S3-FIFO: larger than so many means pays two hits for each round in main");
  app.add_option("--moves-max", options.s3_fifo.moves_max, "S3-FIFO: nodes one eviction may move");
  app.add_flag("--json", options.is_json, "Print JSON, with the counters of S3-FIFO");
}

}  // namespace
}  // namespace edge::bench

int main(int argc, char** argv) {
  CLI::App app{"Miss ratios of the cache's eviction (S3-FIFO) against LRU, Belady and a bound that nothing can beat"};
  edge::bench::SimulatorOptions options;
  app.option_defaults()->always_capture_default();
  edge::bench::declare(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return edge::bench::run(options);
}
