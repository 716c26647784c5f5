// The reloads of the configuration that were asked for, the last of them: their numbers, and what became of them.
#pragma once

#include <deque>
#include <string>

#include "admin/reload.h"
#include "base/clock.h"

namespace edge::app {

// Owned by the edge; main's thread only.
class ReloadHistory {
 public:
  // What older ones came to is forgotten.
  static constexpr std::size_t kCountMax = 16;

  explicit ReloadHistory(const Clock& clock) : clock_(clock) {}

  // Its number: counts from 1.
  std::uint64_t begin(std::string by);
  // `workers` must say by on_worker_taken that they have taken it over.
  void end_well(std::uint64_t id, std::vector<std::string> needs_restart, std::size_t workers);
  // `problems`: one at the least.
  void end_badly(std::uint64_t id, std::vector<std::string> problems);
  void on_worker_taken(std::uint64_t id);

  // Null where it is forgotten, or never was.
  const admin::ReloadReport* find(std::uint64_t id) const;
  // Null where there was none.
  const admin::ReloadReport* last() const { return reports_.empty() ? nullptr : &reports_.back(); }
  // Whose configuration is in force; 0: that of the start.
  std::uint64_t in_force() const { return in_force_; }
  // How many ended well.
  std::uint64_t done() const { return done_; }
  // The first problem of the last that has ended; empty where that ended well.
  const std::string& last_error() const { return last_error_; }
  // "reload 3 (SIGHUP)", for the log.
  std::string name_of(std::uint64_t id) const;

 private:
  admin::ReloadReport* find_own(std::uint64_t id);

  const Clock& clock_;
  std::uint64_t last_id_ = 0;
  std::uint64_t in_force_ = 0;
  std::uint64_t done_ = 0;
  std::string last_error_;
  std::deque<admin::ReloadReport> reports_;  // In their order.
};

}  // namespace edge::app
