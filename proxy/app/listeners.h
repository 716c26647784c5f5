// The sockets that clients and operators connect to: taken over from whoever had them before, else opened.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "app/config.h"
#include "base/result.h"
#include "net/inherited_sockets.h"
#include "net/socket.h"
#include "net/unix_socket.h"

namespace edge::app {

// Owned by the edge. Main's thread only.
//
// Who accepts gets descriptors of its own. One of each socket stays here, for a process that is to take our place; so
// clients queue at a socket until close(), whether or not somebody accepts.
class Listeners {
 public:
  // In the order of the configuration. Those of `inherited` that listen on this very address are taken out of it and
  // used, however many; else `count` are opened that share the port, at least 1. What is returned is to be accepted
  // from: `count` descriptors or more, so that no socket is left out. Fails where the address cannot be had.
  Result<std::vector<net::Socket>> open_for_clients(const ListenOptions& options, std::size_t count,
                                                    net::InheritedSockets& inherited);
  // Once, and last. Likewise, but it is one socket.
  Result<net::Socket> open_for_operators(const AdminOptions& options, net::InheritedSockets& inherited);

  // Really listened on: a port 0 is the one that the kernel has chosen.
  const std::vector<std::string>& client_addresses() const { return client_addresses_; }
  const std::string& operator_address() const { return operator_address_; }
  // What a process that takes our place is to be given; none after close().
  const std::vector<net::Socket>& kept() const { return kept_; }

  // Nothing more is to be accepted, by nobody: once those who accept have closed theirs as well, who connects is
  // refused.
  void close() { kept_.clear(); }
  // Where operators have a UNIX socket of our own making, its file stays when we go: another process listens there.
  void leave_file() { operator_file_.keep(); }

 private:
  Result<net::Socket> open_one_for_operators(const AdminOptions& options, const net::Address& address);

  std::vector<net::Socket> kept_;
  std::vector<std::string> client_addresses_;
  std::string operator_address_;
  net::SocketFile operator_file_;  // None, unless that is a UNIX socket of our own making.
};

}  // namespace edge::app
