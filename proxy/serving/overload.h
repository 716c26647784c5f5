// What is done where there is too much of everything, and when. No clock, no I/O.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace edge::serving {

struct OverloadOptions {
  std::chrono::milliseconds loop_lag{250};  // Of a worker's loop, sustained; 0: no limit.
  std::uint64_t memory_bytes = 0;           // Resident, of the process; 0: no limit.
};

// Each does what those before it do as well. What costs most and is missed least goes first. At none of them are update
// events, purges, or the admin port touched, nor what has been begun.
enum class OverloadLevel : std::uint8_t {
  None,
  Connections,  // New connections wait in the kernel's queue.
  Fills,        // What would have to be asked of the tier or the origin is refused, or what is stale stands in for it.
  Hits,         // Whatever is asked for is refused.
};

// For operators: "new connections wait".
std::string_view to_text(OverloadLevel level) noexcept;

// Of one worker, from how late its loop is. Its thread only.
//
// The levels begin at once, twice and four times the limit: each says that what was done at the one before was not
// enough. One is reached when the last four probes all say so, so that a turn that took long changes nothing, nor a
// process that was stopped; and left when they all are a quarter below it, so that it does not come and go.
class LagLevel {
 public:
  static constexpr std::size_t kProbes = 4;

  OverloadLevel note(std::chrono::nanoseconds lag, std::chrono::milliseconds limit);
  // The shortest of the last probes.
  std::chrono::nanoseconds sustained() const;

 private:
  std::array<std::chrono::nanoseconds, kProbes> last_{};
  std::size_t next_ = 0;
  OverloadLevel level_ = OverloadLevel::None;
};

// Of the process, from how much memory it has. Main's thread only.
//
// The limit is what it must not exceed, so the levels begin before: at 90, 95 and 100 percent of it. They are left
// three percent lower.
class MemoryLevel {
 public:
  OverloadLevel note(std::uint64_t resident_bytes, std::uint64_t limit);

 private:
  OverloadLevel level_ = OverloadLevel::None;
};

// What a worker's requests ask. Its thread only.
class Overload {
 public:
  void set(OverloadLevel level) noexcept { level_ = level; }
  OverloadLevel level() const noexcept { return level_; }
  bool sheds_fills() const noexcept { return level_ >= OverloadLevel::Fills; }
  bool sheds_hits() const noexcept { return level_ >= OverloadLevel::Hits; }

 private:
  OverloadLevel level_ = OverloadLevel::None;
};

}  // namespace edge::serving
