#include "app/reload_history.h"

#include <algorithm>
#include <utility>

namespace edge::app {

std::uint64_t ReloadHistory::begin(std::string by) {
  reports_.push_back({.id = ++last_id_, .by = std::move(by), .at = clock_.wall()});
  if (reports_.size() > kCountMax) reports_.pop_front();
  return last_id_;
}

void ReloadHistory::end_well(std::uint64_t id, std::vector<std::string> needs_restart, std::size_t workers) {
  in_force_ = id;
  ++done_;
  last_error_.clear();
  admin::ReloadReport* const report = find_own(id);
  if (!report) return;
  report->needs_restart = std::move(needs_restart);
  report->workers_left = workers;
  report->is_over = true;
}

void ReloadHistory::end_badly(std::uint64_t id, std::vector<std::string> problems) {
  last_error_ = problems.front();
  admin::ReloadReport* const report = find_own(id);
  if (!report) return;
  report->problems = std::move(problems);
  report->is_over = true;
}

void ReloadHistory::on_worker_taken(std::uint64_t id) {
  if (admin::ReloadReport* const report = find_own(id)) --report->workers_left;
}

const admin::ReloadReport* ReloadHistory::find(std::uint64_t id) const {
  const auto found = std::ranges::find(reports_, id, &admin::ReloadReport::id);
  return found == reports_.end() ? nullptr : &*found;
}

admin::ReloadReport* ReloadHistory::find_own(std::uint64_t id) { return const_cast<admin::ReloadReport*>(find(id)); }

std::string ReloadHistory::name_of(std::uint64_t id) const {
  const admin::ReloadReport* const report = find(id);
  return "reload " + std::to_string(id) + (report ? " (" + report->by + ")" : std::string());
}

}  // namespace edge::app
