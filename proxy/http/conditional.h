// Conditional requests: those that clients make of us (RFC 9110 section 13), and those that we make of the origin (RFC
// 9111 section 4.3).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace edge::http {

enum class Precondition : std::uint8_t { Full, NotModified };

// Whether a GET or HEAD is answered with the stored response or with 304 (RFC 9110 section 13.2.2): If-None-Match
// decides where it is there, else If-Modified-Since, which is ignored when it is repeated or no date. If-Match and
// If-Unmodified-Since are for origins (RFC 9111 section 4.3.2) and not looked at.
//
// `status` and `etag` (empty: none) of the stored response; only a 200 can be "not modified". `last_modified`: its
// Last-Modified, or its Date where it has none (RFC 9111 section 4.3.2). Does not allocate; without conditional fields
// the answer costs two bit tests.
Precondition evaluate_preconditions(Method method, const Fields& request, std::uint16_t status, std::string_view etag,
                                    std::optional<std::chrono::sys_seconds> last_modified) noexcept;

// The fields that ask the origin whether a stored response is still good (RFC 9111 section 4.3.1), from its ETag and
// Last-Modified as they came; empty: it has none.
void append_revalidation_lines(std::string& lines, std::string_view etag, std::string_view last_modified);

// Whether a 304 speaks of the response whose validators are given (RFC 9111 section 4.3.4): what it repeats of them
// must be the same. An origin that answers otherwise has not answered what it was asked.
bool is_about_stored(const Fields& not_modified, std::string_view etag, std::string_view last_modified) noexcept;

// The stored lines, freshened by a 304 (RFC 9111 section 3.2): each field in it replaces the stored lines of that name
// or is added. Left as they were stored:
//   - Content-Length, Content-Encoding, Content-Range, Content-MD5 and Content-Digest: they describe the bytes that we
//     have, and those of a 304 may be of its own empty body;
//   - hop-by-hop fields and what Connection names; and Set-Cookie where none is stored, which is for whoever asked.
// The result may have another Vary than before: the selecting lines are then to be made anew (http/vary.h).
std::string merge_not_modified(std::string_view stored_lines, const Fields& not_modified);

}  // namespace edge::http
