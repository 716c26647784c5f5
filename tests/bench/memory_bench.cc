// What a stored response costs beyond its body: stores a million of 1 KiB, with the fields that an avatar origin sends,
// and compares resident memory with the bodies alone.
//
//     memory_bench [responses] [body bytes]
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "app/heap.h"
#include "base/text.h"
#include "cache/memory_cache.h"

namespace {

std::uint64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t all = 0, resident = 0;
  statm >> all >> resident;
  return resident * 4096;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace edge;
  const std::uint64_t responses = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
  const std::size_t body_bytes = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1024;
  const cache::CacheOptions options{.memory_bytes = responses * (body_bytes + 4096)};
  app::lay_out_heap(options.memory_bytes);
  const std::uint64_t empty = resident_bytes();

  const SystemClock clock;
  cache::MemoryCache cache(options, clock);
  const http::Fields no_fields;
  std::size_t field_bytes = 0;
  for (std::uint64_t i = 0; i < responses; ++i) {
    std::string number;
    append_unsigned(number, 100'000'000 + i);
    const std::string url = "/avatars/" + number + "/96";
    const std::string fields =
        "server: nginx\r\ndate: Sun, 22 Nov 2026 21:05:54 GMT\r\ncontent-type: image/webp\r\n"
        "last-modified: Sun, 22 Nov 2026 20:00:00 GMT\r\ncache-control: public, max-age=86400\r\n"
        "x-avatar-version: 57\r\netag: \"" +
        number + "-57\"\r\n";
    field_bytes += fields.size() + url.size();
    auto found = cache.look_up(cache::CacheKey(number, url), {no_fields}, clock.now(), {0, i});
    Bytes body;
    body.append(std::string(body_bytes, 'x'));
    const cache::StoredResponseParts parts{.url = url,
                                           .fields = fields,
                                           .etag = std::string_view(fields).substr(fields.find('"'), number.size() + 5),
                                           .version = 57,
                                           .born_at = clock.now(),
                                           .fresh_until = clock.now() + std::chrono::hours{24}};
    cache.store(std::move(std::get<cache::Lead>(found).permit),
                cache::StoredResponse::make(parts, std::move(body), cache.budget()));
  }
  const cache::CacheStatistics held = cache.statistics();
  const std::uint64_t resident = resident_bytes() - empty;
  const auto each = [&](std::uint64_t bytes) { return static_cast<double>(bytes) / static_cast<double>(held.entries); };
  std::printf("responses %llu, body %zu bytes, fields and URL %.0f bytes\n",
              static_cast<unsigned long long>(held.entries), body_bytes, each(field_bytes));
  std::printf("resident %.1f MiB, charged to the budget %.1f MiB\n", static_cast<double>(resident) / (1 << 20),
              static_cast<double>(held.bytes) / (1 << 20));
  std::printf("overhead per response: %.0f bytes resident, %.0f bytes charged\n",
              each(resident) - static_cast<double>(body_bytes), each(held.bytes) - static_cast<double>(body_bytes));
}
