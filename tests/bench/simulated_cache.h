// What a cache of some size, run by some algorithm, makes of a stream.
#pragma once

#include <cstdint>

#include "cache/s3_fifo.h"
#include "simulated_stream.h"

namespace edge::bench {

struct Outcome {
  std::uint64_t requests = 0;
  std::uint64_t misses = 0;
  std::uint64_t bytes = 0;
  std::uint64_t missed_bytes = 0;

  double miss_ratio() const { return static_cast<double>(misses) / static_cast<double>(requests); }
  double byte_miss_ratio() const { return static_cast<double>(missed_bytes) / static_cast<double>(bytes); }
};

struct S3FifoOutcome : Outcome {
  cache::S3Fifo::Statistics statistics;  // Of all shards together.
  std::uint64_t ghost_bytes = 0;
  std::uint64_t bytes_max = 0;  // The most that was held after a request; never above the budget.
};

// The very eviction of the memory cache: `shards` queues and one budget. Whoever exceeds it asks the shards in turn,
// sparing those that hold less than the average.
S3FifoOutcome run_s3_fifo(const Stream& stream, std::uint64_t budget, const cache::S3FifoOptions& options,
                          std::uint32_t shards);

Outcome run_lru(const Stream& stream, std::uint64_t budget);

// Belady by bytes: knows the future, evicts what is needed again last until the rest fits, and keeps nothing that is
// never needed again. The optimum where all sizes are equal; where they are not, a mark to compare with, no bound.
Outcome run_belady(const Stream& stream, std::uint64_t budget);

// A bound that holds for any sizes: no algorithm, whatever it knows, misses less (the PFOO-L of Berger, Beckmann and
// Harchol-Balter: "Practical bounds on optimal caching with variable object sizes", SIGMETRICS 2018). Each reuse costs
// size times time; the cheapest are granted until the budget times the length of the stream is spent. Misses and
// missed bytes are two bounds, each chosen for itself; no one algorithm need reach both.
Outcome run_bound(const Stream& stream, std::uint64_t budget);

}  // namespace edge::bench
