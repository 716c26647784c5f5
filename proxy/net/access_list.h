// Who may connect, by address.
#pragma once

#include "net/networks.h"

namespace edge::net {

// Immutable; any thread.
class AccessList {
 public:
  AccessList() = default;  // Admits everybody.
  AccessList(Networks allow, Networks deny) : allow_(std::move(allow)), deny_(std::move(deny)) {}

  bool admits_all() const noexcept { return allow_.empty() && deny_.empty(); }
  // The network with the longest prefix decides, whichever list it is in; of two equal ones the denial. An address in
  // neither list is admitted where there is no list of who is allowed.
  bool admits(const Ip& address) const noexcept {
    if (admits_all()) return true;
    const auto allowed = allow_.longest_match(address), denied = deny_.longest_match(address);
    if (denied) return allowed && *allowed > *denied;
    return allowed || allow_.empty();
  }

 private:
  Networks allow_;
  Networks deny_;
};

}  // namespace edge::net
