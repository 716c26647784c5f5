#include "redis/redis_url.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.h"

namespace edge::redis {
namespace {

constexpr std::string_view kSentinelScheme = "redis+sentinel://";
constexpr std::uint16_t kSentinelPort = 26379;

Failure malformed(std::string_view what, std::string_view right = "redis://127.0.0.1:6379/0") {
  return fail(ErrorCode::Malformed, "not a Redis URL: " + std::string(what) + "; write " + std::string(right));
}

Failure malformed_sentinels(std::string_view what) {
  return malformed(what, "redis+sentinel://10.0.0.1:26379,10.0.0.2:26379,10.0.0.3:26379/mymaster/0");
}

std::optional<std::string> try_decode(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const int high = hex_value(text[i + 1]), low = hex_value(text[i + 2]);
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

// What sentinels take as a name.
bool is_primary_name(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || c == '.' || c == '-' ||
           c == '_';
  });
}

// Of the sentinels, as whom to speak to them.
Status read_query(std::string_view text, RedisUrl& sentinel) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t equals = pair.find('=');
    const std::string_view name = pair.substr(0, equals);
    if (equals == std::string_view::npos || (name != "sentinel_username" && name != "sentinel_password"))
      return malformed_sentinels("only sentinel_username= and sentinel_password= may follow the ?");
    auto value = try_decode(pair.substr(equals + 1));
    if (!value) return malformed_sentinels("an escape that is none in what follows the ?");
    (name == "sentinel_username" ? sentinel.user : sentinel.password) = *std::move(value);
  }
  if (!sentinel.user.empty() && sentinel.password.empty())
    return malformed_sentinels("sentinel_username without sentinel_password");
  return {};
}

Status read_sentinels(std::string_view text, const RedisUrl& pattern, RedisUrl& url) {
  for (bool is_more = true; is_more;) {
    const std::size_t comma = std::min(text.find(','), text.size());
    is_more = comma < text.size();
    RedisUrl sentinel = pattern;
    sentinel.port = kSentinelPort;
    if (const Status good = read_host(text.substr(0, comma), sentinel); !good) return good;
    text.remove_prefix(std::min(comma + 1, text.size()));
    const auto is_same = [&](const RedisUrl& other) { return other.place() == sentinel.place(); };
    if (std::ranges::any_of(url.sentinels, is_same))
      return malformed_sentinels("the sentinel " + sentinel.place() + " is named twice");
    if (url.sentinels.size() == RedisUrl::kSentinelsMax)
      return malformed_sentinels("more than " + std::to_string(RedisUrl::kSentinelsMax) + " sentinels");
    url.sentinels.push_back(std::move(sentinel));
  }
  return {};
}

// Behind the scheme.
Result<RedisUrl> parse_sentinel_url(std::string_view text) {
  RedisUrl url, pattern;
  if (const std::size_t query = text.find('?'); query != std::string_view::npos) {
    if (const Status good = read_query(text.substr(query + 1), pattern); !good) return Failure{good.error()};
    text = text.substr(0, query);
  }
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return malformed_sentinels("no name of the primary");
  std::string_view authority = text.substr(0, slash), name = text.substr(slash + 1);
  if (const std::size_t next = name.find('/'); next != std::string_view::npos) {
    if (const Status good = read_database(name.substr(next + 1), url); !good) return Failure{good.error()};
    name = name.substr(0, next);
  }
  auto decoded = try_decode(name);
  if (!decoded || !is_primary_name(*decoded))
    return malformed_sentinels(
        "the name of the primary is not 1 to 128 letters, digits, dots, hyphens and underscores");
  url.primary_name = *std::move(decoded);
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    if (const Status good = read_credentials(authority.substr(0, at), url); !good) return Failure{good.error()};
    authority.remove_prefix(at + 1);
  }
  if (const Status good = read_sentinels(authority, pattern, url); !good) return Failure{good.error()};
  return url;
}

}  // namespace

std::string place_of(std::string_view host, std::uint16_t port) {
  const bool is_v6 = host.find(':') != std::string_view::npos;
  return (is_v6 ? "[" + std::string(host) + "]" : std::string(host)) + ":" + std::to_string(port);
}

std::string RedisUrl::place() const {
  if (!sentinels.empty()) {
    std::string text = primary_name + " of the sentinels ";
    for (const RedisUrl& sentinel : sentinels)
      text.append(&sentinel == sentinels.data() ? "" : ", ").append(sentinel.place());
    return text;
  }
  return host.empty() ? unix_path : place_of(host, port);
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
  if (text.starts_with(kSentinelScheme)) return parse_sentinel_url(text.substr(kSentinelScheme.size()));
  for (const std::string_view scheme : {"sentinel://", "redis-sentinel://"})
    if (text.starts_with(scheme)) return malformed_sentinels(std::string(scheme) + " is written otherwise here");
  for (const std::string_view scheme : {"rediss://", "rediss+sentinel://", "redis+cluster://"})
    if (text.starts_with(scheme)) return malformed(std::string(scheme) + " is not yet spoken here");
  if (!text.starts_with("redis://")) return malformed("it begins with none of redis://, redis+sentinel:// and unix://");
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
