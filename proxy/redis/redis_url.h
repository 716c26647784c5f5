// Where a Redis is, and as whom to speak to it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace edge::redis {

struct RedisUrl {
  std::string host;  // Empty: a UNIX socket.
  std::uint16_t port = 6379;
  std::string unix_path;
  std::string user;      // Empty: the default user.
  std::string password;  // Empty: no AUTH.
  std::uint32_t database = 0;

  // "127.0.0.1:6379" or the path; never with the password.
  std::string place() const;
};

// redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE] or unix:///PATH[?db=DATABASE]. User and password are
// percent-decoded. The error says what is wrong, without repeating a password.
Result<RedisUrl> parse_redis_url(std::string_view text);

}  // namespace edge::redis
