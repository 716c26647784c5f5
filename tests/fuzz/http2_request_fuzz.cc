// Fuzzes frontend: the fields of a request as HTTP/2 brings them, one a line, names before their first tab.
#include <algorithm>
#include <cstdint>

#include "base/check.h"
#include "frontend/http2_request.h"
#include "http/characters.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace edge;
  constexpr frontend::RequestLimits kLimits{.header_bytes_max = 200, .header_count_max = 10, .target_bytes_max = 50};
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  frontend::Http2Request request;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    const std::size_t tab = line.find('\t');
    const std::string_view value = tab == std::string_view::npos ? std::string_view{} : line.substr(tab + 1);
    if (!request.add(line.substr(0, tab), value, kLimits)) return 0;
  }
  if (!request.end_fields() || request.complete()) return 0;

  // What goes on to others cannot be taken for something else.
  const http::RequestHead& head = request.head();
  EDGE_CHECK(http::is_token(head.method_name) && head.fields.single(http::FieldName::Host));
  EDGE_CHECK(!head.target.empty() && head.target.find_first_of(" \t\r\n") == std::string_view::npos);
  for (const http::Field& field : head.fields) {
    EDGE_CHECK(http::is_token(field.name) && !http::has_line_breaker(field.value));
    EDGE_CHECK(field.id != http::FieldName::TransferEncoding && field.id != http::FieldName::Connection);
  }
  EDGE_CHECK(request.body_length().has_value() == head.fields.single(http::FieldName::ContentLength).has_value());
  return 0;
}
