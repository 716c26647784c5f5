// What the service manager hears of the running edge, and when.
#pragma once

#include <string>
#include <string_view>

#include "app/service_manager.h"
#include "base/unique_function.h"
#include "event/timer.h"

namespace edge::app {

// Owned by the edge; main's thread only.
//
// Alive is what answers: main's loop turns, and since the last time each of the workers' has.
//
// Ready is said once, when nothing is in the way any more; a reload before that says nothing, because its end would say
// it.
class ServiceReports {
 public:
  // `why_not_ready` is empty when it is; asked until then, and called by the loop. `ask_workers` asks all whether they
  // turn and answers how many that are; each must say so by on_worker_alive. `manager` must outlive the reports.
  ServiceReports(event::EventLoop& loop, const ServiceManager& manager,
                 UniqueFunction<std::string_view()> why_not_ready, UniqueFunction<std::size_t()> ask_workers);

  // `status`: one line of what it does once it is ready.
  void start(std::string status);
  void on_worker_alive();
  void on_reload_begins();
  // `failure` is empty, or why the configuration that was in force still is.
  void on_reload_ended(std::string_view failure);
  void on_drain(std::chrono::milliseconds at_most);
  // That process speaks from now on.
  void on_replaced(pid_t by);
  // And this one does, in another's place.
  void on_alone();

 private:
  void look();
  void say_alive();

  const ServiceManager& manager_;
  UniqueFunction<std::string_view()> why_not_ready_;
  UniqueFunction<std::size_t()> ask_workers_;
  std::size_t workers_silent_ = 0;
  std::string status_;
  std::string told_;  // In the way of being ready, as the manager has heard.
  bool is_ready_ = false;
  event::Timer look_;
  event::Timer alive_;
};

}  // namespace edge::app
