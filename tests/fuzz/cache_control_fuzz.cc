// Fuzzes http: Cache-Control; a further directive can only make the reading stricter.
#include "http/cache_control.h"

#include <cstdint>

#include "base/check.h"
#include "http/delta_seconds.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace edge::http;
  const std::string value{reinterpret_cast<const char*>(data), size};
  const CacheControl control = parse_cache_control(value);
  for (const auto& lifetime : {control.max_age, control.s_maxage})
    EDGE_CHECK(!lifetime || (lifetime->count() >= 0 && *lifetime <= kDeltaSecondsMax));
  const CacheControl stricter = parse_cache_control("no-store, max-age=0, " + value);
  EDGE_CHECK(stricter.no_store);
  EDGE_CHECK(stricter.max_age == std::chrono::seconds{0});
  EDGE_CHECK(stricter.s_maxage == control.s_maxage);
  EDGE_CHECK(stricter.no_cache == control.no_cache && stricter.is_private == control.is_private);
  return 0;
}
