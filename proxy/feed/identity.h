// The identity of the feed's server (PROTOCOL, "identity"), as its scripts find it out: in one place, because positions
// are compared by it.
#pragma once

#include <string_view>

namespace edge::feed {

// The beginning of a script: `now`, the server's time in milliseconds, and `identity`, its run and replication IDs.
inline constexpr std::string_view kIdentityLua = R"lua(
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
local replication = string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)')
local identity = run .. ':' .. replication
)lua";

}  // namespace edge::feed
