// Listening sockets that whoever started this process has opened for it (sd_listen_fds(3)): they stay open, and queue
// clients, while one process ends and the next begins.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/socket.h"

namespace edge::net {

// One thread at a time.
class InheritedSockets {
 public:
  static constexpr int kFirst = 3;  // After the standard streams.
  static constexpr int kCountMax = 4'096;

  InheritedSockets() = default;

  // Becomes the owner of the descriptors `first` to `first` + `count` - 1. `names`, parted by colons, are for messages;
  // there may be less of them, or none. Fails where one is not a TCP or UNIX socket that listens.
  static Result<InheritedSockets> adopt(int first, int count, std::string_view names);

  // Those which listen on this very address, given away; several where they share the port.
  std::vector<Socket> take(const Address& address);

  // Those that nobody took: "0.0.0.0:8080 (http)".
  std::vector<std::string> left() const;

 private:
  struct Inherited {
    Socket socket;
    std::string address;
    std::string name;
  };

  std::vector<Inherited> sockets_;
};

}  // namespace edge::net
