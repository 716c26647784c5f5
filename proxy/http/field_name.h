// The field names that this program acts on, as numbers. Every other field is carried along by its name.
#pragma once

#include <cstdint>
#include <string_view>

namespace edge::http {

enum class FieldName : std::uint8_t {
  Other,
  Age,
  Authorization,
  CacheControl,
  CacheStatus,
  Connection,
  ContentEncoding,
  ContentLength,
  ContentLocation,
  ContentType,
  Cookie,
  Date,
  ETag,
  Expect,
  Expires,
  Forwarded,
  Host,
  IfMatch,
  IfModifiedSince,
  IfNoneMatch,
  IfRange,
  IfUnmodifiedSince,
  KeepAlive,
  LastModified,
  Location,
  MaxForwards,
  Pragma,
  ProxyAuthenticate,
  ProxyAuthorization,
  ProxyConnection,
  ProxyStatus,
  Range,
  RetryAfter,
  Server,
  SetCookie,
  Te,
  Traceparent,
  Tracestate,
  Trailer,
  TransferEncoding,
  Upgrade,
  UserAgent,
  Vary,
  Via,
  XForwardedFor,
  XRequestId,
  Count,
};

// Case-insensitive; Other for a name that is not in the table.
FieldName find_field_name(std::string_view name) noexcept;
// In lower case. Not for Other.
std::string_view to_text(FieldName name) noexcept;

}  // namespace edge::http
