#include "http/proxy_error.h"

#include "http/cache_status.h"
#include "http/structured.h"

namespace edge::http {

std::string_view to_text(ProxyError error) noexcept {
  switch (error) {
    case ProxyError::DnsError:
      return "dns_error";
    case ProxyError::DestinationUnavailable:
      return "destination_unavailable";
    case ProxyError::ConnectionRefused:
      return "connection_refused";
    case ProxyError::ConnectionTerminated:
      return "connection_terminated";
    case ProxyError::ConnectionTimeout:
      return "connection_timeout";
    case ProxyError::ConnectionReadTimeout:
      return "connection_read_timeout";
    case ProxyError::ConnectionLimitReached:
      return "connection_limit_reached";
    case ProxyError::TlsCertificateError:
      return "tls_certificate_error";
    case ProxyError::TlsProtocolError:
      return "tls_protocol_error";
    case ProxyError::HttpRequestDenied:
      return "http_request_denied";
    case ProxyError::HttpRequestError:
      return "http_request_error";
    case ProxyError::HttpResponseIncomplete:
      return "http_response_incomplete";
    case ProxyError::HttpResponseTimeout:
      return "http_response_timeout";
    case ProxyError::HttpProtocolError:
      return "http_protocol_error";
    case ProxyError::HttpResponseBodySize:
      return "http_response_body_size";
    case ProxyError::ProxyInternalResponse:
      return "proxy_internal_response";
    case ProxyError::ProxyInternalError:
      return "proxy_internal_error";
  }
  return {};
}

std::uint16_t status_of(ProxyError error) noexcept {
  switch (error) {
    case ProxyError::HttpRequestDenied:
      return 403;
    case ProxyError::HttpRequestError:
      return 400;
    case ProxyError::ProxyInternalError:
      return 500;
    case ProxyError::DnsError:
    case ProxyError::ConnectionRefused:
    case ProxyError::ConnectionTerminated:
    case ProxyError::TlsCertificateError:
    case ProxyError::TlsProtocolError:
    case ProxyError::HttpResponseIncomplete:
    case ProxyError::HttpProtocolError:
    case ProxyError::HttpResponseBodySize:
      return 502;
    case ProxyError::DestinationUnavailable:
    case ProxyError::ConnectionLimitReached:
    case ProxyError::ProxyInternalResponse:
      return 503;
    case ProxyError::ConnectionTimeout:
    case ProxyError::ConnectionReadTimeout:
    case ProxyError::HttpResponseTimeout:
      return 504;
  }
  return 500;
}

void append_proxy_status(std::string& to, ProxyError error, std::string_view detail) {
  to += kCacheName;
  to += "; error=";
  to += to_text(error);
  if (detail.empty()) return;
  to += "; details=";
  append_sf_string(to, detail);
}

}  // namespace edge::http
