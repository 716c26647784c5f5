// Fuzzes http: field lines and comma-separated lists.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "http/fields.h"
#include "http/list.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  std::size_t total = 0;
  edge::http::for_each_element(input, [&](std::string_view element) {
    EDGE_CHECK(!element.empty());
    EDGE_CHECK(element.data() >= input.data() && element.data() + element.size() <= input.data() + input.size());
    total += element.size();
  });
  EDGE_CHECK(total <= size);

  // What was written as a line is read as that line.
  if (input.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos) {
    std::string lines;
    edge::http::append_line(lines, "x-name", edge::trim(input));
    const auto fields = edge::http::parse_lines(lines);
    EDGE_CHECK(fields.size() == 1 && fields.begin()->value == edge::trim(input));
  }
  return 0;
}
