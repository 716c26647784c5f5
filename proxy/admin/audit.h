// Who has changed what over the admin port.
#pragma once

#include <string>
#include <string_view>

#include "base/log.h"
#include "frontend/exchange.h"

namespace edge::admin {

// A line in the plain log: the address, or at a UNIX socket the user, whose certificate, and the beginning of what was
// asked for. `event`: a constant, such as "admin.purge".
inline void audit(const frontend::Exchange& exchange, std::string_view event, std::string_view body) {
  constexpr std::size_t kBytesMax = 1024;
  std::string line = "by ";
  line += exchange.client_address();
  if (const std::string subject = exchange.client_subject(); !subject.empty()) line += ", certificate of " + subject;
  line.append(": ").append(body.substr(0, kBytesMax));
  log_info(event, line);
}

}  // namespace edge::admin
