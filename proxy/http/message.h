// The head of a request and of a response, as every protocol version carries it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "http/fields.h"

namespace edge::http {

enum class Method : std::uint8_t { Get, Head, Post, Put, Delete, Patch, Options, Trace, Connect, Purge, Other };

Method find_method(std::string_view name) noexcept;
// GET, HEAD, OPTIONS, TRACE (RFC 9110 section 9.2.1). A method that is not known is taken to be unsafe.
bool is_safe(Method method) noexcept;
// Safe methods, PUT and DELETE (RFC 9110 section 9.2.2).
bool is_idempotent(Method method) noexcept;

// Views into memory of whoever made it.
struct RequestHead {
  Method method = Method::Get;
  std::string_view method_name;
  std::string_view target;  // Request target as it came (RFC 9112 section 3.2).
  Fields fields;
  std::uint8_t version_major = 1;
  std::uint8_t version_minor = 1;
};

struct ResponseHead {
  std::uint16_t status = 200;  // 100 to 599.
  Fields fields;
};

// "Not Found" for 404; "Unknown" for a status that RFC 9110 does not name.
std::string_view reason_phrase(std::uint16_t status) noexcept;

}  // namespace edge::http
