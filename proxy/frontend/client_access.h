// Who may ask, and who says who asks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "http/fields.h"
#include "net/access_list.h"
#include "net/ip.h"

namespace edge::frontend {

// In which field a proxy before us names its client.
enum class ClientField : std::uint8_t { XForwardedFor, Forwarded };

struct AccessOptions {
  // Networks, as net::parse_network reads them.
  std::vector<std::string> allow{};
  std::vector<std::string> deny{};
  std::vector<std::string> trusted_proxies{};  // Whose word about their clients counts.
  ClientField client_field = ClientField::XForwardedFor;
};

// Immutable; any thread.
class ClientAccess {
 public:
  ClientAccess(net::AccessList list, net::Networks trusted, ClientField field)
      : list_(std::move(list)), trusted_(std::move(trusted)), field_(field) {}

  bool trusts(const net::Ip& peer) const noexcept { return trusted_.contains(peer); }
  bool admits(const net::Ip& client) const noexcept { return list_.admits(client); }

  // Whose request it is that a trusted proxy passes on: read from the right, where each proxy adds whom it heard from,
  // the first address that is no trusted proxy's. What stands left of it, anybody may have written. nullopt: the proxy
  // names nobody.
  std::optional<net::Ip> forwarded_client(const http::Fields& fields) const;

 private:
  const net::AccessList list_;
  const net::Networks trusted_;
  const ClientField field_;
};

Result<net::AccessList> make_access_list(const std::vector<std::string>& allow, const std::vector<std::string>& deny);
Result<ClientAccess> make_client_access(const AccessOptions& options);

}  // namespace edge::frontend
