// The head of a response as HTTP/1.1 writes it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace edge::frontend {

struct Http1Head {
  enum class Framing {
    Length,  // Content-Length; `length` says it.
    Chunked,
    UntilClose,
    None,  // 1xx, 204 and 304 have no body and say nothing of one (RFC 9110 section 8.6).
  };
  enum class Connection { KeepAlive, KeepAliveSaid, Close };  // Said: to a client of HTTP/1.0, which must be told.

  std::uint16_t status = 200;
  std::string_view fields;
  std::string_view more_fields;
  std::string_view date;  // A value, or empty when the fields have one.
  Framing framing = Framing::None;
  std::uint64_t length = 0;
  Connection connection = Connection::KeepAlive;
};

void append_head(std::string& out, const Http1Head& head);

// RFC 9110 section 6.4.1: whether a response of that status can have a body at all.
bool status_allows_body(std::uint16_t status) noexcept;

}  // namespace edge::frontend
