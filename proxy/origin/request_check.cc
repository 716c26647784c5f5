#include "origin/request_check.h"

#include <algorithm>

#include "http/characters.h"

namespace edge::origin {
namespace {

bool is_target(std::string_view target) {
  return (target.starts_with('/') || target == "*") &&
         std::none_of(target.begin(), target.end(), [](unsigned char c) { return c <= ' ' || c == 0x7f; });
}

bool are_field_lines(std::string_view lines) {
  while (!lines.empty()) {
    const std::size_t end = lines.find("\r\n");
    if (end == std::string_view::npos) return false;
    const std::string_view line = lines.substr(0, end);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !http::is_token(line.substr(0, colon))) return false;
    if (http::has_line_breaker(line)) return false;
    lines.remove_prefix(end + 2);
  }
  return true;
}

}  // namespace

Status check_request(const FetchRequest& request) {
  if (!http::is_token(request.method)) return fail(ErrorCode::Malformed, "the method is not a token");
  // A tunnel is not a fetch; and what a body means with HEAD, nobody knows (RFC 9110 section 9.3.2).
  if (request.method == "CONNECT") return fail(ErrorCode::Malformed, "CONNECT is not sent on");
  if (request.method == "HEAD" && request.has_body) return fail(ErrorCode::Malformed, "HEAD has no body");
  if (!is_target(request.target)) return fail(ErrorCode::Malformed, "the target is not a path");
  if (!are_field_lines(request.field_lines)) return fail(ErrorCode::Malformed, "a field line is malformed");
  return {};
}

}  // namespace edge::origin
