// What the kernel says of this process.
#pragma once

#include <cstdint>
#include <optional>

namespace edge::metrics {

struct ProcessStats {
  double cpu_seconds = 0;         // User and system, all threads.
  double start_time_seconds = 0;  // Since the Unix epoch.
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t open_fds = 0;
  std::uint64_t fds_max = 0;
};

// From /proc; nullopt where that is not mounted.
std::optional<ProcessStats> try_read_process_stats();

// Of those, the one that may be asked for often: it costs no more than to read a file of one line.
std::optional<std::uint64_t> try_read_resident_bytes();

}  // namespace edge::metrics
