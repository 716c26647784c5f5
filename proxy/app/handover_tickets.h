// The keys of session tickets in an upgrade, so that clients that come back resume what they had with the process
// before.
#pragma once

#include <optional>
#include <vector>

#include "app/handover_link.h"
#include "app/listener_tls.h"
#include "base/result.h"

namespace edge::app {

// Both leave nothing of the keys behind in memory that they give back.
void send_tickets(HandoverLink& link, const std::vector<ListenerTls::TicketKeys>& all);
// What such a frame says; nullopt where it says something else. Fails where it is broken; the message names no key.
std::optional<Result<ListenerTls::TicketKeys>> try_tickets(const HandoverFrame& frame);

}  // namespace edge::app
