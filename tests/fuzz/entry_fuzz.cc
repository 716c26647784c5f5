// Fuzzes tier2: an entry of the Redis tier. Whatever the bytes are, nothing but a response for the URL comes out, and
// what comes out goes in again.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "base/hash.h"
#include "tier2/entry.h"

namespace {

using edge::Instant;
using std::chrono::milliseconds;

constexpr std::string_view kUrl = "/a/64";
constexpr Instant kNow{std::chrono::seconds{1'000}};

void read(std::string_view bytes) {
  edge::cache::MemoryBudget budget(1 << 30);
  const auto entry = edge::tier2::decode_entry(bytes, kUrl, milliseconds{7}, kNow, budget);
  if (!entry) return;
  const edge::cache::StoredResponse& response = *entry->response;
  EDGE_CHECK(response.url() == kUrl);
  EDGE_CHECK(response.status() >= 200 && response.status() <= 599);
  EDGE_CHECK(response.born_at() <= kNow && response.fresh_until() >= response.born_at());
  EDGE_CHECK(response.etag().size() <= response.fields().size());
  for (const std::string_view lines : {response.fields(), response.withheld(), response.selecting()})
    EDGE_CHECK(lines.empty() || lines.ends_with("\r\n"));

  const std::string again = edge::tier2::encode_entry(response, {entry->as_of, kNow, response.fresh_until()});
  const auto same = edge::tier2::decode_entry(again, kUrl, milliseconds{0}, kNow, budget);
  EDGE_CHECK(same && same->as_of == entry->as_of);
  EDGE_CHECK(same->response->fields() == response.fields() && same->response->body() == response.body());
  EDGE_CHECK(same->response->etag() == response.etag() && same->response->version() == response.version());
  EDGE_CHECK(same->response->last_modified() == response.last_modified());
}

// With a length and a checksum that are right, which nobody finds by chance.
std::string sealed(std::string bytes) {
  const std::uint64_t length = bytes.size(), checksum = edge::stable_hash(std::string_view(bytes).substr(16));
  for (std::size_t i = 0; i < 4; ++i) bytes[4 + i] = static_cast<char>(length >> (8 * i));
  for (std::size_t i = 0; i < 8; ++i) bytes[8 + i] = static_cast<char>(checksum >> (8 * i));
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  read(input);
  if (size >= 16) read(sealed(input));
  return 0;
}
