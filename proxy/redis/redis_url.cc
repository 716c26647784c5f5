#include "redis/redis_url.h"

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace edge::redis {
namespace {

Failure malformed(std::string_view what) {
  return fail(ErrorCode::Malformed, "not a Redis URL: " + std::string(what) + "; write redis://127.0.0.1:6379/0");
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char low = ascii_lower(c);
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

std::optional<std::string> try_decode(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const int high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

Status read_database(std::string_view text, RedisUrl& url) {
  const auto number = text.empty() ? std::optional<std::uint64_t>{0} : try_unsigned(text);
  if (!number || *number > 1'000'000) return malformed("the database is not a number");
  url.database = static_cast<std::uint32_t>(*number);
  return {};
}

Status read_credentials(std::string_view text, RedisUrl& url) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return malformed("a user without a password");
  auto user = try_decode(text.substr(0, colon)), password = try_decode(text.substr(colon + 1));
  if (!user || !password) return malformed("an escape that is none in user or password");
  url.user = std::move(*user);
  url.password = std::move(*password);
  return {};
}

Status read_host(std::string_view text, RedisUrl& url) {
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return malformed("a bracket that is not closed");
    url.host = text.substr(1, end - 1);
    port = text.substr(end + 1);
  } else {
    const std::size_t colon = std::min(text.find(':'), text.size());
    url.host = text.substr(0, colon);
    port = text.substr(colon);
  }
  if (url.host.empty()) return malformed("no host");
  if (port.empty()) return {};
  const auto number = port.front() == ':' ? try_unsigned(port.substr(1)) : std::nullopt;
  if (!number || *number == 0 || *number > 65535) return malformed("the port is not 1 to 65535");
  url.port = static_cast<std::uint16_t>(*number);
  return {};
}

}  // namespace

std::string RedisUrl::place() const {
  if (host.empty()) return unix_path;
  const bool is_v6 = host.find(':') != std::string::npos;
  return (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<RedisUrl> parse_redis_url(std::string_view text) {
  RedisUrl url;
  if (text.starts_with("unix://")) {
    text.remove_prefix(7);
    const std::size_t query = std::min(text.find('?'), text.size());
    url.unix_path = text.substr(0, query);
    const std::string_view rest = text.substr(query);
    if (!url.unix_path.starts_with('/')) return malformed("the path of a UNIX socket begins with /");
    if (!rest.empty() && !rest.starts_with("?db=")) return malformed("only ?db= may follow the path");
    if (const Status good = read_database(rest.empty() ? rest : rest.substr(4), url); !good)
      return Failure{good.error()};
    return url;
  }
  for (const std::string_view scheme : {"rediss://", "redis+sentinel://", "redis+cluster://"})
    if (text.starts_with(scheme)) return malformed(std::string(scheme) + " is not yet spoken here");
  if (!text.starts_with("redis://")) return malformed("it begins with neither redis:// nor unix://");
  text.remove_prefix(8);
  const std::size_t slash = std::min(text.find('/'), text.size());
  std::string_view authority = text.substr(0, slash);
  if (const Status good = read_database(slash < text.size() ? text.substr(slash + 1) : "", url); !good)
    return Failure{good.error()};
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    if (const Status good = read_credentials(authority.substr(0, at), url); !good) return Failure{good.error()};
    authority.remove_prefix(at + 1);
  }
  if (const Status good = read_host(authority, url); !good) return Failure{good.error()};
  return url;
}

}  // namespace edge::redis
