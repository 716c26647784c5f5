#include "origin/origin_url.h"

#include <algorithm>

#include "base/text.h"
#include "origin/origin.h"

namespace edge::origin {
namespace {

constexpr std::string_view kHttp = "http://";
constexpr std::string_view kHttps = "https://";

bool has_prefix_ignoring_case(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && equals_ignoring_case(text.substr(0, prefix.size()), prefix);
}

// A name, an IPv4 address, or an IPv6 address in brackets.
bool is_host(std::string_view host) {
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  const auto inner = bracketed ? host.substr(1, host.size() - 2) : host;
  return !inner.empty() && std::all_of(inner.begin(), inner.end(), [bracketed](char c) {
    const bool is_alphanumeric = (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z');
    return is_alphanumeric || c == '.' || (bracketed ? c == ':' : c == '-' || c == '_');
  });
}

// Where the port's colon stands; npos where there is none. Colons inside brackets belong to the address.
std::size_t find_port_colon(std::string_view authority) {
  const std::size_t colon = authority.rfind(':');
  const std::size_t bracket = authority.rfind(']');
  return bracket != std::string_view::npos && colon != std::string_view::npos && colon < bracket
             ? std::string_view::npos
             : colon;
}

}  // namespace

Result<OriginUrl> parse_origin_url(std::string_view url) {
  const bool is_https = has_prefix_ignoring_case(url, kHttps);
  if (!is_https && !has_prefix_ignoring_case(url, kHttp))
    return fail(ErrorCode::Malformed, "the scheme of an origin URL must be http or https");
  if (std::any_of(url.begin(), url.end(), [](unsigned char c) { return c <= ' ' || c >= 0x7f; }))
    return fail(ErrorCode::Malformed, "an origin URL holds printable ASCII without spaces only");
  const std::string_view scheme = is_https ? kHttps : kHttp;
  const std::string_view rest = url.substr(scheme.size());
  if (rest.find('?') != std::string_view::npos) return fail(ErrorCode::Malformed, "an origin URL has no query");
  if (rest.find('#') != std::string_view::npos) return fail(ErrorCode::Malformed, "an origin URL has no fragment");

  const std::size_t slash = std::min(rest.find('/'), rest.size());
  const std::string_view authority = rest.substr(0, slash);
  if (authority.find('@') != std::string_view::npos)
    return fail(ErrorCode::Malformed, "an origin URL has no user name or password");
  const std::size_t colon = find_port_colon(authority);
  const std::string_view host = authority.substr(0, colon);
  if (!is_host(host)) return fail(ErrorCode::Malformed, "an origin URL needs a host name or an address");
  std::uint64_t port = is_https ? 443 : 80;
  if (colon != std::string_view::npos) {
    const auto given = try_unsigned(authority.substr(colon + 1));
    if (!given || *given == 0 || *given > 65535)
      return fail(ErrorCode::Malformed, "the port of an origin URL is a number from 1 to 65535");
    port = *given;
  }

  OriginUrl result;
  result.authority = host;
  result.authority += ':';
  append_unsigned(result.authority, port);
  result.base = scheme;
  result.base += result.authority;
  result.base += '/';
  result.prefix = rest.substr(slash);
  while (result.prefix.ends_with('/')) result.prefix.pop_back();
  return result;
}

Status check_origin_url(std::string_view url) {
  const auto parsed = parse_origin_url(url);
  if (!parsed) return Failure{parsed.error()};
  return {};
}

}  // namespace edge::origin
