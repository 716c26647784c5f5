// Fuzzes http: dates; what is read can be written, and is then read as the same.
#include "http/date.h"

#include <cstdint>

#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace edge::http;
  const std::chrono::sys_seconds now{std::chrono::seconds{1'763'800'000}};
  const auto date = try_http_date({reinterpret_cast<const char*>(data), size}, now);
  if (!date) return 0;
  const std::string written = format_http_date(*date);
  EDGE_CHECK(written.size() == 29);
  const auto again = try_http_date(written, now);
  // A leap second at the very end of year 9999 has no other form.
  EDGE_CHECK(again == *date || *date == std::chrono::sys_days{std::chrono::year{10000} / 1 / 1});
  return 0;
}
