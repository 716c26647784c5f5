// Fuzzes http: request targets; whatever is accepted is normal, in one spelling, and safe to put on the wire.
#include "http/target.h"

#include <cstdint>

#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view raw{reinterpret_cast<const char*>(data), size};
  std::string scratch;
  const auto once = edge::http::parse_target(raw, scratch);
  if (!once) return 0;
  std::string second_scratch;
  const auto again = edge::http::parse_target(once->path_and_query, second_scratch);
  EDGE_CHECK(again);
  EDGE_CHECK(again->path == once->path);
  EDGE_CHECK(again->query == once->query);
  EDGE_CHECK(again->path_and_query == once->path_and_query);
  EDGE_CHECK(once->path_and_query.find_first_of(" #\r\n") == std::string_view::npos);
  if (once->is_asterisk) return 0;
  EDGE_CHECK(once->path.front() == '/');
  const std::string closed = std::string{once->path} + '/';
  for (const std::string_view refused : {"/./", "/../", "%2F", "%2f", "%5C", "%5c", "%00", "\\"})
    EDGE_CHECK(closed.find(refused) == std::string::npos);
  EDGE_CHECK(once->path.find("//") == std::string_view::npos);
  return 0;
}
