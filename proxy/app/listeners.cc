#include "app/listeners.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "net/address.h"

namespace edge::app {
namespace {

// `count` that share a port, whose number the kernel may choose; `address` has it then.
Result<std::vector<net::Socket>> open_shared(net::Address& address, std::size_t count) {
  // Sockets that share their port would share it with another edge too; one that does not is refused then.
  if (const auto probe = net::listen_on(address, false); !probe) return Failure{probe.error()};
  std::vector<net::Socket> sockets;
  while (sockets.size() < count) {
    auto socket = net::listen_on(address, true);
    if (!socket) return Failure{socket.error()};
    address = net::local_address(*socket);
    sockets.push_back(std::move(*socket));
  }
  return sockets;
}

// By turns, each once at the least.
Result<std::vector<net::Socket>> duplicates(const std::vector<net::Socket>& sockets, std::size_t count) {
  std::vector<net::Socket> copies;
  for (std::size_t i = 0; i < std::max(count, sockets.size()); ++i) {
    auto copy = net::duplicate(sockets[i % sockets.size()]);
    if (!copy) return Failure{copy.error()};
    copies.push_back(std::move(*copy));
  }
  return copies;
}

}  // namespace

Result<std::vector<net::Socket>> Listeners::open_for_clients(const ListenOptions& options, std::size_t count,
                                                             net::InheritedSockets& inherited) {
  auto address = net::parse_address(options.address);
  if (!address) return Failure{address.error()};
  std::vector<net::Socket> sockets = inherited.take(*address);
  if (sockets.empty()) {
    auto opened = open_shared(*address, count);
    if (!opened) return Failure{opened.error()};
    sockets = std::move(*opened);
  }
  auto to_accept_from = duplicates(sockets, count);
  if (!to_accept_from) return Failure{to_accept_from.error()};
  std::ranges::move(sockets, std::back_inserter(kept_));
  client_addresses_.push_back(address->text());
  return to_accept_from;
}

Result<net::Socket> Listeners::open_for_operators(const AdminOptions& options, net::InheritedSockets& inherited) {
  const auto address = net::parse_address(options.address);
  if (!address) return Failure{address.error()};
  auto sockets = inherited.take(*address);
  if (sockets.empty()) {
    auto opened = open_one_for_operators(options, *address);
    if (!opened) return Failure{opened.error()};
    sockets.push_back(std::move(*opened));
  }
  operator_address_ = net::local_address(sockets[0]).text();
  auto copy = net::duplicate(sockets[0]);
  if (!copy) return Failure{copy.error()};
  kept_.push_back(std::move(*copy));
  return std::move(sockets[0]);
}

Result<net::Socket> Listeners::open_one_for_operators(const AdminOptions& options, const net::Address& address) {
  if (!address.is_unix()) return net::listen_on(address, false);
  auto opened = net::listen_on_unix(address, static_cast<mode_t>(std::stoul(options.socket_mode, nullptr, 8)));
  if (!opened) return Failure{opened.error()};
  operator_file_ = std::move(opened->file);
  return std::move(opened->socket);
}

}  // namespace edge::app
