#include "tier2/entry.h"

#include <fstream>
#include <iterator>

#include "base/hash.h"
#include "support/catch.h"

using namespace edge;
using namespace edge::tier2;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kUrl = "/a/64?x=1";
constexpr std::string_view kFields = "date: today\r\netag: \"v1\"\r\n";
const Instant kNow{1'000s};

// Came seven seconds ago, and is fresh for a minute.
cache::StoredResponseParts parts() {
  return {.url = kUrl,
          .status = 404,
          .withheld = "cdn-cache-control: max-age=60\r\n",
          .fields = kFields,
          .selecting = "accept: image/png\r\norigin\r\n",
          .etag = kFields.substr(19, 4),
          .last_modified = std::chrono::sys_seconds{-5s},
          .version = 57,
          .born_at = kNow - 7s,
          .fresh_until = kNow + 53s,
          .stale = {.while_revalidate = 5s, .if_error = 1h, .by_request = true},
          .lifetime_source = http::LifetimeSource::SMaxage};
}

// A node that puts, and one that gets, whose clocks and budgets are their own.
struct Tier {
  Ref<const cache::StoredResponse> make(const cache::StoredResponseParts& of, std::string_view body = "face") {
    Bytes bytes;
    bytes.append(body);
    return cache::StoredResponse::make(of, std::move(bytes), putting);
  }
  std::string put(const cache::StoredResponseParts& of = parts(), std::string_view body = "face") {
    return encode_entry(*make(of, body), {as_of, kNow, of.fresh_until});
  }
  Result<Entry> get(std::string_view bytes, std::chrono::milliseconds in_tier = 0ms, Instant now = Instant{5s}) {
    return decode_entry(bytes, kUrl, in_tier, now, getting);
  }
  std::string error(std::string_view bytes) {
    const auto entry = get(bytes);
    return entry ? "none" : entry.error().message;
  }

  cache::EventId as_of{1'763'800'000'123, 4};
  cache::MemoryBudget putting{1 << 24};
  cache::MemoryBudget getting{1 << 24};
};

// `with` at that place, under a length and a checksum that are right.
std::string forged(std::string bytes, std::size_t place, std::string_view with) {
  bytes.replace(place, with.size(), with);
  const std::uint64_t length = bytes.size(), checksum = stable_hash(std::string_view(bytes).substr(16));
  for (std::size_t i = 0; i < 4; ++i) bytes[4 + i] = static_cast<char>(length >> (8 * i));
  for (std::size_t i = 0; i < 8; ++i) bytes[8 + i] = static_cast<char>(checksum >> (8 * i));
  return bytes;
}

}  // namespace

TEST_CASE("what is put into the tier comes out as it was", "[tier2]") {
  Tier tier;
  const std::string body(GENERATE(0u, 4u, 100'000u), 'b');
  const auto entry = tier.get(tier.put(parts(), body));
  REQUIRE(entry);
  CHECK(entry->as_of == tier.as_of);
  const cache::StoredResponse& response = *entry->response;
  CHECK(response.url() == kUrl);
  CHECK(response.status() == 404);
  CHECK(response.withheld() == parts().withheld);
  CHECK(response.fields() == kFields);
  CHECK(response.selecting() == parts().selecting);
  CHECK(response.etag() == "\"v1\"");
  CHECK(response.last_modified() == std::chrono::sys_seconds{-5s});
  CHECK(response.version() == 57u);
  CHECK(response.stale_while_revalidate() == 5s);
  CHECK(response.stale_if_error() == 1h);
  CHECK(response.may_be_stale_by_request());
  CHECK(response.lifetime_source() == http::LifetimeSource::SMaxage);
  CHECK(response.body() == body);
}

TEST_CASE("what a response does not have it does not get in the tier", "[tier2]") {
  Tier tier;
  const auto entry = tier.get(tier.put({.url = kUrl, .born_at = kNow, .fresh_until = kNow + 1s}, ""));
  REQUIRE(entry);
  const cache::StoredResponse& response = *entry->response;
  CHECK(response.fields().empty());
  CHECK(response.selecting().empty());
  CHECK(response.etag().empty());
  CHECK_FALSE(response.last_modified());
  CHECK_FALSE(response.version());
  CHECK_FALSE(response.may_be_stale_by_request());
}

TEST_CASE("ages are told and not times, for no two nodes' clocks compare", "[tier2]") {
  Tier tier;
  const Instant now = GENERATE(Instant{5s}, Instant{1'000'000s});
  const auto entry = tier.get(tier.put(), 3s, now);
  REQUIRE(entry);
  CHECK(entry->response->age(now) == 10s);
  CHECK(entry->response->fresh_until() == now + 50s);
}

TEST_CASE("a clock of Redis's that was put back makes nothing younger than it was put", "[tier2]") {
  Tier tier;
  const auto entry = tier.get(tier.put(), -1h);
  REQUIRE(entry);
  CHECK(entry->response->age(Instant{5s}) == 7s);
}

TEST_CASE("what was cut short is fresh for so long in the tier too, and may not be used stale", "[tier2]") {
  Tier tier;
  const auto response = tier.make(parts());
  const auto entry = tier.get(encode_entry(*response, {tier.as_of, kNow, kNow + 2s}));
  REQUIRE(entry);
  CHECK(entry->response->fresh_until() == Instant{5s} + 2s);
  CHECK(entry->response->stale_while_revalidate() == 0s);
  CHECK(entry->response->stale_if_error() == 0s);
  CHECK_FALSE(entry->response->may_be_stale_by_request());
}

TEST_CASE("no freshness is added in the tier", "[tier2]") {
  Tier tier;
  const auto entry = tier.get(encode_entry(*tier.make(parts()), {tier.as_of, kNow, kNow + 24h}));
  REQUIRE(entry);
  CHECK(entry->response->fresh_until() == Instant{5s} + 53s);
  CHECK(entry->response->stale_if_error() == 1h);
}

TEST_CASE("what comes from the tier counts in the budget, and is not counted when it is refused", "[tier2]") {
  Tier tier;
  const std::string bytes = tier.put();
  {
    const auto entry = tier.get(bytes);
    CHECK(tier.getting.used() > 0);
  }
  CHECK_FALSE(tier.get(std::string_view(bytes).substr(1)));
  CHECK(tier.getting.used() == 0);
}

// ---- Bytes that are no entry ----

TEST_CASE("an entry that was cut off anywhere, or goes on, is refused", "[tier2]") {
  Tier tier;
  const std::string bytes = tier.put();
  REQUIRE(tier.get(bytes));
  std::size_t taken = 0;
  for (std::size_t size = 0; size < bytes.size(); ++size) taken += tier.get(bytes.substr(0, size)) ? 1 : 0;
  CHECK(taken == 0);
  CHECK_FALSE(tier.get(bytes + 'x'));
}

TEST_CASE("an entry of which any bit has changed is refused", "[tier2]") {
  Tier tier;
  std::string bytes = tier.put();
  std::size_t taken = 0;
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    const char flip = static_cast<char>(1 << (bit % 8));
    bytes[bit / 8] ^= flip;
    taken += tier.get(bytes) ? 1 : 0;
    bytes[bit / 8] ^= flip;
  }
  CHECK(taken == 0);
  CHECK(tier.get(bytes));
}

TEST_CASE("an entry of another URL is refused", "[tier2]") {
  Tier tier;
  cache::StoredResponseParts of = parts();
  of.url = "/a/64?x=2";
  CHECK(tier.error(tier.put(of)) == "an entry of the tier is of another URL");
}

TEST_CASE("a format that is not known is refused, however right it looks", "[tier2]") {
  Tier tier;
  std::string bytes = tier.put();
  bytes[3] = 2;
  CHECK(tier.error(bytes) == "an entry of the tier has a format that is not known here");
}

TEST_CASE("numbers that make no sense are refused, also under a checksum that is right", "[tier2]") {
  Tier tier;
  const std::string bytes = tier.put();
  REQUIRE(tier.error(forged(bytes, 72, std::string("\xc8\0", 2))) == "none");  // A status of 200.
  const auto [place, with] = GENERATE(table<std::size_t, std::string>({
      {32, std::string(8, '\xff')},           // An age of -1 ms,
      {32, std::string(7, '\xff') + '\x7f'},  // and one of for ever.
      {40, std::string(8, '\xff')},           // A lifetime of -1 ms,
      {40, std::string(7, '\xff') + '\x7f'},  // and one of for ever.
      {72, std::string(2, '\0')},             // A status that marks have,
      {72, std::string("\xc7\0", 2)},         // of 199,
      {72, std::string("\x58\x02", 2)},       // and of 600.
      {75, std::string(1, '\x08')},           // No such source of a lifetime.
  }));
  INFO(place);
  CHECK(tier.error(forged(bytes, place, with)) == "an entry of the tier has numbers that make no sense");
}

TEST_CASE("an entity tag that is not among the fields is refused", "[tier2]") {
  Tier tier;
  const std::string bytes = tier.put();
  const auto [place, with] = GENERATE(table<std::size_t, std::string>({
      {76, std::string("\x17\0\0\0", 4)},                // Ends two bytes after them.
      {76, std::string(4, '\xff')},                      // Begins far outside.
      {80, std::string(4, '\xff')},                      // Longer than all there is.
      {76, std::string("\xff\xff\xff\xff\0\0\0\0", 8)},  // Empty, and outside.
  }));
  CHECK(tier.error(forged(bytes, place, with)) == "an entry of the tier has an entity tag that is not in it");
}

TEST_CASE("sizes that promise more than there is are refused", "[tier2]") {
  Tier tier;
  const std::size_t which = GENERATE(0u, 1u, 2u, 3u);
  CHECK(tier.error(forged(tier.put(), 84 + 4 * which, std::string(4, '\xff'))) ==
        "an entry of the tier ends too early");
}

TEST_CASE("nothing in a field line can pass for another line", "[tier2]") {
  Tier tier;
  const std::string lines = GENERATE(as<std::string>(), "no colon\r\n", ": no name\r\n", "x: unended", "x: a\nb\r\n",
                                     "x: a\rb\r\n", std::string("x: \0\r\n", 7), "x: a\r\n\r\n", "\r\n");
  cache::StoredResponseParts of{.url = kUrl, .born_at = kNow, .fresh_until = kNow + 1s};
  (GENERATE(false, true) ? of.fields : of.withheld) = lines;
  INFO(lines);
  CHECK(tier.error(tier.put(of)) == "an entry of the tier has lines that are none");
}

TEST_CASE("what another version of the program has put is still read", "[tier2]") {
  std::ifstream file("tests/fuzz/corpus/entry/whole", std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  cache::MemoryBudget budget(1 << 20);
  const auto entry = decode_entry(bytes, "/a/64", 500ms, kNow, budget);
  REQUIRE(entry);
  CHECK(entry->as_of == cache::EventId{1'763'800'000'123, 4});
  CHECK(entry->response->body() == "face");
  CHECK(entry->response->etag() == "\"v1\"");
  CHECK(entry->response->version() == 57u);
  CHECK(entry->response->age(kNow) == 2s);
  CHECK(entry->response->fresh_until() == kNow + 58s);
  CHECK(encode_entry(*entry->response, {entry->as_of, kNow - 500ms, kNow + 58s}) == bytes);
}
