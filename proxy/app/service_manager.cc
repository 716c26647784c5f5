#include "app/service_manager.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/log.h"
#include "base/text.h"

namespace edge::app {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr std::uint64_t kWatchdogMax = 10ull * 365 * 86'400 * 1'000'000;  // Microseconds.

std::optional<std::string> take_variable(const char* name) {
  const char* const value = std::getenv(name);
  if (!value) return std::nullopt;
  std::optional<std::string> text(value);
  unsetenv(name);
  return text;
}

// Variables are inherited by processes that they were not meant for.
bool is_meant(const std::optional<std::string>& pid) {
  return pid && try_unsigned(*pid) == static_cast<std::uint64_t>(getpid());
}

Failure malformed(const char* name, const std::string& value) {
  return fail(ErrorCode::Malformed, std::string("the environment's ") + name + " is no number of use: '" + value + "'");
}

}  // namespace

Result<ServiceManager> ServiceManager::take_from_environment() {
  ServiceManager made;
  if (const auto place = take_variable("NOTIFY_SOCKET"); place && !place->empty()) {
    auto socket = net::NotifySocket::open(*place);
    if (!socket) return Failure{socket.error()};
    made.socket_ = *std::move(socket);
    made.variables_.push_back("NOTIFY_SOCKET=" + *place);
  }

  const auto watchdog = take_variable("WATCHDOG_USEC"), watchdog_pid = take_variable("WATCHDOG_PID");
  if (watchdog && (!watchdog_pid || is_meant(watchdog_pid))) {
    const auto patience = try_unsigned(*watchdog);
    if (!patience || *patience == 0 || *patience > kWatchdogMax) return malformed("WATCHDOG_USEC", *watchdog);
    const auto half = std::chrono::floor<milliseconds>(microseconds{static_cast<std::int64_t>(*patience / 2)});
    made.alive_interval_ = std::max(half, milliseconds{1});
    made.variables_.push_back("WATCHDOG_USEC=" + *watchdog);
  }

  const auto count = take_variable("LISTEN_FDS"), listen_pid = take_variable("LISTEN_PID");
  const auto names = take_variable("LISTEN_FDNAMES");
  if (count && is_meant(listen_pid)) {
    const auto number = try_unsigned(*count);
    if (!number || *number > net::InheritedSockets::kCountMax) return malformed("LISTEN_FDS", *count);
    auto sockets =
        net::InheritedSockets::adopt(net::InheritedSockets::kFirst, static_cast<int>(*number), names.value_or(""));
    if (!sockets) return Failure{sockets.error()};
    made.sockets_ = *std::move(sockets);
  }
  return made;
}

void ServiceManager::tell_status(std::string_view status) const { tell("STATUS=" + std::string(status)); }

void ServiceManager::tell_ready(std::string_view status) const { tell("READY=1\nSTATUS=" + std::string(status)); }

// The time is that of CLOCK_MONOTONIC, which std::chrono::steady_clock reads here: the manager compares it with its
// own.
void ServiceManager::tell_reloading() const {
  const auto now = std::chrono::floor<microseconds>(std::chrono::steady_clock::now().time_since_epoch());
  tell("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(now.count()) + "\nSTATUS=reading the configuration again");
}

void ServiceManager::tell_stopping(milliseconds at_most) const {
  tell("STOPPING=1\nEXTEND_TIMEOUT_USEC=" + std::to_string(microseconds{at_most}.count()) + "\nSTATUS=draining");
}

void ServiceManager::tell_alive() const { tell("WATCHDOG=1"); }

void ServiceManager::tell_main(pid_t other) const { tell("MAINPID=" + std::to_string(other)); }

void ServiceManager::tell(const std::string& lines) const {
  if (!socket_) return;
  if (const Status told = socket_->send(lines); !told) log_warning("service_manager.unheard", told.error().message);
}

}  // namespace edge::app
