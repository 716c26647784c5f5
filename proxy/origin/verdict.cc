#include "origin/verdict.h"

#include "base/check.h"

namespace edge::origin {

Verdict judge_error(http::ProxyError error) {
  switch (error) {
    case http::ProxyError::DnsError:
    case http::ProxyError::ConnectionRefused:
    case http::ProxyError::ConnectionTimeout:
    case http::ProxyError::TlsCertificateError:
    case http::ProxyError::TlsProtocolError:
      return Verdict::Unreachable;
    case http::ProxyError::ConnectionTerminated:
    case http::ProxyError::ConnectionReadTimeout:
    case http::ProxyError::HttpResponseTimeout:
    case http::ProxyError::HttpResponseIncomplete:
    case http::ProxyError::HttpProtocolError:
    case http::ProxyError::HttpResponseBodySize:
      return Verdict::Failed;
    case http::ProxyError::DestinationUnavailable:
    case http::ProxyError::ConnectionLimitReached:
    case http::ProxyError::HttpRequestDenied:
    case http::ProxyError::HttpRequestError:
    case http::ProxyError::ProxyInternalResponse:
    case http::ProxyError::ProxyInternalError:
      return Verdict::Nothing;
  }
  EDGE_CHECK(false);
}

}  // namespace edge::origin
