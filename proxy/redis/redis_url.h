// Where a Redis is, and as whom to speak to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace edge::redis {

struct RedisUrl {
  static constexpr std::size_t kSentinelsMax = 16;

  std::string host;  // Empty: a UNIX socket, or sentinels know.
  std::uint16_t port = 6379;
  std::string unix_path;
  std::string user;      // Empty: the default user.
  std::string password;  // Empty: no AUTH.
  std::uint32_t database = 0;
  // Those of Redis Sentinel that know where it is, each with its own credentials; then there is neither host nor path.
  std::vector<RedisUrl> sentinels;
  std::string primary_name;  // By which they know it.

  // "127.0.0.1:6379", the path, or "NAME of the sentinels HOST:PORT, HOST:PORT"; never with a password.
  std::string place() const;
};

// "127.0.0.1:6379", or with brackets where the host is an address of IPv6.
std::string place_of(std::string_view host, std::uint16_t port);

// redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE] or unix:///PATH[?db=DATABASE] or
// redis+sentinel://[[USER]:PASSWORD@]HOST[:PORT][,HOST[:PORT]]…/NAME[/DATABASE][?sentinel_username=USER]
// [&sentinel_password=PASSWORD], where the former credentials are for the Redis and the latter for the sentinels. User,
// password and name are percent-decoded. The error says what is wrong, without repeating a password.
Result<RedisUrl> parse_redis_url(std::string_view text);

}  // namespace edge::redis
