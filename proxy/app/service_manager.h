// Who has started this process, where that is one that wants to hear how it is and may have opened sockets for it:
// systemd, or whatever speaks its protocol (sd_notify(3), sd_listen_fds(3)).
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/inherited_sockets.h"
#include "net/notify_socket.h"

namespace edge::app {

// Without one, nothing is said and nothing inherited. Owned by main's thread. A manager that cannot be told is a line
// in the log, no failure.
class ServiceManager {
 public:
  ServiceManager() = default;

  // As the environment says, from which it is taken out, so that no child believes it to be meant. Before there are
  // other threads. Fails where the environment makes no sense.
  static Result<ServiceManager> take_from_environment();

  // Those left to be taken.
  net::InheritedSockets& sockets() noexcept { return sockets_; }
  // Those of the process whose place this one takes, instead.
  void use_sockets(net::InheritedSockets sockets) { sockets_ = std::move(sockets); }

  // `status` is one line for people.
  void tell_status(std::string_view status) const;
  void tell_ready(std::string_view status) const;
  // Until the next tell_ready.
  void tell_reloading() const;
  // It takes `at_most` until the end.
  void tell_stopping(std::chrono::milliseconds at_most) const;
  void tell_alive() const;
  // That process has taken our place; what we say from now on is not heard any more.
  void tell_main(pid_t other) const;

  // What a process that is to take our place must find in its environment to be heard.
  const std::vector<std::string>& variables() const noexcept { return variables_; }

  // How often it wants to hear that; nullopt: never. It kills who is silent for twice as long.
  std::optional<std::chrono::milliseconds> alive_interval() const noexcept { return alive_interval_; }

 private:
  void tell(const std::string& lines) const;

  std::optional<net::NotifySocket> socket_;
  std::vector<std::string> variables_;
  std::optional<std::chrono::milliseconds> alive_interval_;
  net::InheritedSockets sockets_;
};

}  // namespace edge::app
