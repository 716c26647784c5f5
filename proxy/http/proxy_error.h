// Why this proxy answered instead of the origin: the types of RFC 9209 section 2.3 that we give, each with the status
// that goes with it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace edge::http {

enum class ProxyError : std::uint8_t {
  DnsError,                // 502
  DestinationUnavailable,  // 503: every origin is known to be down
  ConnectionRefused,       // 502
  ConnectionTerminated,    // 502
  ConnectionTimeout,       // 504
  ConnectionReadTimeout,   // 504: the transfer stalled or took too long
  ConnectionLimitReached,  // 503: our own limits towards the origin
  TlsCertificateError,     // 502
  TlsProtocolError,        // 502
  HttpRequestDenied,       // 403 or 429: what the operator does not allow; the status is the caller's
  HttpRequestError,        // 4xx: what the client sent is wrong; the status is the caller's
  HttpResponseIncomplete,  // 502
  HttpResponseTimeout,     // 504: no first byte in time
  HttpProtocolError,       // 502: not HTTP
  HttpResponseBodySize,    // 502
  ProxyInternalResponse,   // 503: nobody else was asked
  ProxyInternalError,      // 500
};

// The token, "dns_error".
std::string_view to_text(ProxyError error) noexcept;
// 400 for HttpRequestError and 403 for HttpRequestDenied, whose status the caller may know better.
std::uint16_t status_of(ProxyError error) noexcept;

// Appends the value of a Proxy-Status field, `avatar-edge; error=dns_error; details="no such host"`; without details
// when `detail` is empty.
void append_proxy_status(std::string& to, ProxyError error, std::string_view detail);

}  // namespace edge::http
