#include "metrics/process_stats.h"

#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace edge::metrics {
namespace {

// proc(5), /proc/pid/stat: fields are counted from 1; the second is a name in parentheses that may hold anything.
constexpr std::size_t kFirstFieldAfterName = 3;
constexpr std::size_t kUserTicks = 14;
constexpr std::size_t kSystemTicks = 15;
constexpr std::size_t kStartTicks = 22;  // Since boot.
constexpr std::size_t kVirtualBytes = 23;
constexpr std::size_t kResidentPages = 24;

using StatFields = std::array<std::uint64_t, kResidentPages + 1>;

// Signed fields before the resident pages, where a process has them, are of no interest here.
std::optional<StatFields> try_read_stat() {
  std::ifstream file("/proc/self/stat");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream rest(text.substr(name_end + 1));
  StatFields fields{};
  std::string word;
  for (std::size_t i = kFirstFieldAfterName; i < fields.size(); ++i) {
    if (!(rest >> word)) return std::nullopt;
    if (word[0] >= '0' && word[0] <= '9') fields[i] = std::stoull(word);
  }
  return fields;
}

// Seconds since the Unix epoch; constant while the machine runs.
double boot_time() {
  std::ifstream file("/proc/stat");
  std::string word;
  double seconds = 0;
  while (file >> word)
    if (word == "btime" && file >> seconds) break;
  return seconds;
}

std::uint64_t count_open_fds() {
  std::error_code error;
  std::uint64_t entries = 0;
  for (std::filesystem::directory_iterator it("/proc/self/fd", error), end; !error && it != end; it.increment(error))
    ++entries;
  return entries > 0 ? entries - 1 : 0;  // Less the one that reads the folder.
}

}  // namespace

std::optional<std::uint64_t> try_read_resident_bytes() {
  // proc(5), /proc/pid/statm: the second word counts resident pages.
  std::ifstream file("/proc/self/statm");
  std::uint64_t size = 0, resident = 0;
  if (!(file >> size >> resident)) return std::nullopt;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

std::optional<ProcessStats> try_read_process_stats() {
  const std::optional<StatFields> fields = try_read_stat();
  if (!fields) return std::nullopt;
  static const double booted_at = boot_time();
  const auto ticks_per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
  rlimit fd_limit{};
  getrlimit(RLIMIT_NOFILE, &fd_limit);

  ProcessStats stats;
  stats.cpu_seconds = static_cast<double>((*fields)[kUserTicks] + (*fields)[kSystemTicks]) / ticks_per_second;
  stats.start_time_seconds = booted_at + static_cast<double>((*fields)[kStartTicks]) / ticks_per_second;
  stats.resident_bytes = (*fields)[kResidentPages] * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  stats.virtual_bytes = (*fields)[kVirtualBytes];
  stats.open_fds = count_open_fds();
  stats.fds_max = fd_limit.rlim_cur;
  return stats;
}

}  // namespace edge::metrics
