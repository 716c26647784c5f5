// The header with which a balancer tells whose connection it passes on: the PROXY protocol, versions 1 and 2
// (haproxy.org/download/3.0/doc/proxy-protocol.txt).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "net/ip.h"

namespace edge::net {

// Reads one header, however it is cut. Owned by a connection.
class ProxyHeader {
 public:
  enum class State { NeedMore, Complete, Malformed };

  // Takes of `bytes` what belongs to the header, and says how many those are; none behind its end. Nothing more once
  // it is malformed.
  std::size_t take(std::string_view bytes);

  State state() const noexcept { return state_; }
  // Of a complete one: whose connection it is. nullopt: the sender's own (a health check), or of a family that we do
  // not speak.
  const std::optional<Ip>& client() const noexcept { return client_; }

  // More is malformed: an address of version 2 with as many further records as any sender has.
  static constexpr std::size_t kBytesMax = 4096;

 private:
  void check();
  void check_text();
  void check_binary();

  std::string bytes_;
  State state_ = State::NeedMore;
  std::optional<Ip> client_;
};

}  // namespace edge::net
