// Where a service manager hears how this process is: a datagram socket of its own (sd_notify(3)).
#pragma once

#include <sys/un.h>

#include <string>
#include <string_view>

#include "base/result.h"
#include "net/socket.h"

namespace edge::net {

// One thread at a time.
class NotifySocket {
 public:
  // `place` as NOTIFY_SOCKET has it: an absolute path, or @ and a name of the abstract kind, of at most 107 bytes.
  // Whether anybody listens there shows when something is sent. Fails where it is neither.
  static Result<NotifySocket> open(std::string_view place);

  // One datagram of lines such as READY=1. Waits a second at most for a manager that is behind.
  Status send(std::string_view lines) const;

 private:
  NotifySocket() = default;

  Socket socket_;
  sockaddr_un address_{};
  socklen_t length_ = 0;
  std::string place_;  // For messages.
};

}  // namespace edge::net
