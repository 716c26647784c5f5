// What each command of the program does. Each answers with the exit status: 0 done, 1 failed (one line on standard
// error says why).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/process.h"
#include "feed/update_event.h"

namespace edge::app {

// `invocation`: by which the program was started, for an upgrade.
int serve(const std::string& config_file, const Invocation& invocation);
// `connects`: also whether Redis and origin are there and set up as needed.
int check(const std::string& config_file, bool connects);
// On standard output.
int schema();
int status(const std::string& config_file);
int explain(const std::string& config_file, const std::string& url);
// Published to the feed; without one, applied by the edge that runs here. `wait`: until every live node has applied it.
int update(const std::string& config_file, feed::UpdateEvent event, std::optional<std::chrono::milliseconds> wait);
int demo(std::uint16_t port, bool with_redis);

}  // namespace edge::app
