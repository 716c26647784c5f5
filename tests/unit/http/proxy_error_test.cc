#include "http/proxy_error.h"

#include "support/catch.h"

using namespace edge::http;

TEST_CASE("Proxy-Status names the error", "[http][rfc9209-2.3]") {
  std::string text;
  append_proxy_status(text, ProxyError::ConnectionTimeout, "no answer from \"a\"");
  CHECK(text == "avatar-edge; error=connection_timeout; details=\"no answer from \\\"a\\\"\"");
  text.clear();
  append_proxy_status(text, ProxyError::DnsError, "");
  CHECK(text == "avatar-edge; error=dns_error");
}

TEST_CASE("each proxy error has a status and a name of its own", "[http][rfc9209-2.3]") {
  CHECK(status_of(ProxyError::DnsError) == 502);
  CHECK(status_of(ProxyError::DestinationUnavailable) == 503);
  CHECK(status_of(ProxyError::HttpResponseTimeout) == 504);
  CHECK(status_of(ProxyError::HttpRequestError) == 400);
  CHECK(status_of(ProxyError::ProxyInternalError) == 500);
  std::string seen = " ";
  for (int i = 0; i <= static_cast<int>(ProxyError::ProxyInternalError); ++i) {
    const std::string name{to_text(static_cast<ProxyError>(i))};
    CHECK(seen.find(" " + name + " ") == std::string::npos);
    seen += name + " ";
  }
}
