#include "app/service_reports.h"

namespace edge::app {
namespace {

// What is in the way (feed, tier) ends on the feed's thread, which tells nobody; /readyz looks when it is asked, this
// now and then.
constexpr std::chrono::milliseconds kLookInterval{20};

// From the end of the drain to the end of the process: workers are joined, and the feed takes its leave.
constexpr std::chrono::seconds kAfterDrain{10};

}  // namespace

ServiceReports::ServiceReports(event::EventLoop& loop, const ServiceManager& manager,
                               UniqueFunction<std::string_view()> why_not_ready,
                               UniqueFunction<std::size_t()> ask_workers)
    : manager_(manager),
      why_not_ready_(std::move(why_not_ready)),
      ask_workers_(std::move(ask_workers)),
      look_(loop, [this] { look(); }),
      alive_(loop, [this] { say_alive(); }) {}

void ServiceReports::start(std::string status) {
  status_ = std::move(status);
  if (manager_.alive_interval()) say_alive();
  look();
}

void ServiceReports::look() {
  const std::string_view why_not = why_not_ready_();
  if (why_not.empty()) {
    is_ready_ = true;
    return manager_.tell_ready(status_);
  }
  if (why_not != told_) manager_.tell_status(told_ = why_not);
  look_.arm(kLookInterval);
}

void ServiceReports::on_worker_alive() { --workers_silent_; }

// While one is silent nothing is said, and nobody asked again: posts would pile up in front of it.
void ServiceReports::say_alive() {
  if (workers_silent_ == 0) {
    manager_.tell_alive();
    workers_silent_ = ask_workers_();
  }
  alive_.arm(*manager_.alive_interval());
}

void ServiceReports::on_reload_begins() {
  if (is_ready_) manager_.tell_reloading();
}

void ServiceReports::on_reload_ended(std::string_view failure) {
  if (!is_ready_) return;
  if (failure.empty()) return manager_.tell_ready(status_);
  manager_.tell_ready(status_ + "; the last reload failed: " + std::string(failure));
}

void ServiceReports::on_replaced(pid_t by) {
  look_.disarm();
  alive_.disarm();
  is_ready_ = false;
  manager_.tell_main(by);
}

// What was said before was not heard.
void ServiceReports::on_alone() {
  if (is_ready_) manager_.tell_ready(status_);
}

void ServiceReports::on_drain(std::chrono::milliseconds at_most) {
  look_.disarm();
  is_ready_ = false;
  manager_.tell_stopping(at_most + kAfterDrain);
}

}  // namespace edge::app
