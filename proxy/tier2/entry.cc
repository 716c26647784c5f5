#include "tier2/entry.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "base/hash.h"

namespace edge::tier2 {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kMagic = "AEC";
constexpr char kVersion = 1;
// Longer is no age and no lifetime; what is far below it cannot overflow an instant.
constexpr std::int64_t kLongestMs = std::int64_t{100} * 365 * 86'400'000;

enum Flag : std::uint8_t { HasVersion = 1, HasLastModified = 2, StaleByRequest = 4 };

// Numbers are little-endian, one after the other.
class Writer {
 public:
  template <class T>
  void put(T value) {
    for (std::size_t i = 0; i < sizeof value; ++i)
      bytes_ += static_cast<char>(static_cast<std::make_unsigned_t<T>>(value) >> (8 * i) & 0xff);
  }
  void put(std::string_view text) { bytes_ += text; }
  template <class T>
  void put_at(std::size_t place, T value) {
    Writer one;
    one.put(value);
    bytes_.replace(place, sizeof value, one.bytes_);
  }
  std::string_view view() const { return bytes_; }
  std::string take() { return std::move(bytes_); }
  void reserve(std::size_t bytes) { bytes_.reserve(bytes); }

 private:
  std::string bytes_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : left_(bytes) {}

  template <class T>
  T take() {
    std::make_unsigned_t<T> value = 0;
    const std::string_view bytes = take_text(sizeof value);
    for (std::size_t i = 0; i < bytes.size(); ++i)
      value = static_cast<std::make_unsigned_t<T>>(
          value | static_cast<std::make_unsigned_t<T>>(static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i]))
                                                       << (8 * i)));
    return static_cast<T>(value);
  }
  std::string_view take_text(std::size_t size) {
    if (size > left_.size()) {
      is_short_ = true;
      size = left_.size();
    }
    const std::string_view text = left_.substr(0, size);
    left_.remove_prefix(size);
    return text;
  }
  std::string_view left() const { return left_; }
  bool is_short() const { return is_short_; }

 private:
  std::string_view left_;
  bool is_short_ = false;
};

constexpr std::size_t kLengthAt = 4, kChecksumAt = 8, kCheckedFrom = 16;

Failure broken(std::string_view what) {
  return fail(ErrorCode::Malformed, "an entry of the tier " + std::string(what));
}

// Whether it is lines as we write them, so that nothing in them can pass for another line. Of selecting lines some have
// a name alone.
bool are_lines(std::string_view lines, bool may_lack_values) {
  while (!lines.empty()) {
    const std::size_t end = lines.find("\r\n");
    if (end == 0 || end == std::string_view::npos) return false;
    const std::string_view line = lines.substr(0, end);
    const std::size_t colon = line.find(": ");
    if (colon == 0 || (colon == std::string_view::npos && !may_lack_values)) return false;
    if (line.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) return false;
    lines.remove_prefix(end + 2);
  }
  return true;
}

std::int64_t clamped_ms(std::chrono::nanoseconds time) {
  return std::clamp<std::int64_t>(std::chrono::floor<milliseconds>(time).count(), 0, kLongestMs);
}

}  // namespace

std::string encode_entry(const cache::StoredResponse& response, const EntryNote& note) {
  // What was to be revalidated early, as after an update, may not be used stale by anybody.
  const bool is_cut_short = note.usable_until < response.fresh_until();
  const std::string_view fields = response.fields();
  const std::string_view etag = response.etag();
  std::uint8_t flags = 0;
  if (response.version()) flags |= HasVersion;
  if (response.last_modified()) flags |= HasLastModified;
  if (response.may_be_stale_by_request() && !is_cut_short) flags |= StaleByRequest;

  Writer to;
  to.reserve(128 + response.url().size() + response.selecting().size() + response.withheld().size() + fields.size() +
             response.body().size());
  to.put(kMagic);
  to.put(kVersion);
  to.put(std::uint32_t{0});  // Length and checksum come last.
  to.put(std::uint64_t{0});
  to.put(note.as_of.milliseconds);
  to.put(note.as_of.sequence);
  to.put(clamped_ms(note.now - response.born_at()));
  to.put(clamped_ms(std::min(note.usable_until, response.fresh_until()) - response.born_at()));
  to.put(response.version().value_or(0));
  to.put(std::int64_t{response.last_modified() ? response.last_modified()->time_since_epoch().count() : 0});
  to.put(static_cast<std::uint32_t>(is_cut_short ? 0 : response.stale_while_revalidate().count()));
  to.put(static_cast<std::uint32_t>(is_cut_short ? 0 : response.stale_if_error().count()));
  to.put(response.status());
  to.put(flags);
  to.put(static_cast<std::uint8_t>(response.lifetime_source()));
  to.put(static_cast<std::uint32_t>(etag.empty() ? 0 : etag.data() - fields.data()));
  to.put(static_cast<std::uint32_t>(etag.size()));
  for (const std::string_view part : {response.url(), response.selecting(), response.withheld(), fields})
    to.put(static_cast<std::uint32_t>(part.size()));
  for (const std::string_view part : {response.url(), response.selecting(), response.withheld(), fields}) to.put(part);
  to.put(response.body());
  to.put_at(kLengthAt, static_cast<std::uint32_t>(to.view().size()));
  to.put_at(kChecksumAt, stable_hash(to.view().substr(kCheckedFrom)));
  return to.take();
}

Result<Entry> decode_entry(std::string_view bytes, std::string_view url, milliseconds in_tier, Instant now,
                           cache::MemoryBudget& budget) {
  Reader from(bytes);
  if (from.take_text(kMagic.size()) != kMagic) return broken("is none");
  if (from.take<char>() != kVersion) return broken("has a format that is not known here");
  const auto length = from.take<std::uint32_t>();
  const auto checksum = from.take<std::uint64_t>();
  if (from.is_short() || length != bytes.size()) return broken("has not the length that it names");
  if (checksum != stable_hash(bytes.substr(kCheckedFrom))) return broken("has not the checksum that it names");

  Entry entry;
  entry.as_of.milliseconds = from.take<std::uint64_t>();
  entry.as_of.sequence = from.take<std::uint64_t>();
  const auto age = from.take<std::int64_t>(), lifetime = from.take<std::int64_t>();
  const auto version = from.take<std::uint64_t>();
  const auto last_modified = from.take<std::int64_t>();
  const auto while_revalidate = from.take<std::uint32_t>(), if_error = from.take<std::uint32_t>();
  const auto status = from.take<std::uint16_t>();
  const auto flags = from.take<std::uint8_t>(), source = from.take<std::uint8_t>();
  const auto etag_at = from.take<std::uint32_t>(), etag_size = from.take<std::uint32_t>();
  std::array<std::uint32_t, 4> sizes;
  for (std::uint32_t& size : sizes) size = from.take<std::uint32_t>();
  std::array<std::string_view, 4> texts;
  for (std::size_t i = 0; i < sizes.size(); ++i) texts[i] = from.take_text(sizes[i]);
  if (from.is_short()) return broken("ends too early");
  const auto [of_url, selecting, withheld, fields] = texts;
  const std::string_view body = from.left();
  if (of_url != url) return broken("is of another URL");
  if (status < 200 || status > 599 || source > static_cast<std::uint8_t>(http::LifetimeSource::Heuristic) || age < 0 ||
      age > kLongestMs || lifetime < 0 || lifetime > kLongestMs)
    return broken("has numbers that make no sense");
  if (!are_lines(selecting, true) || !are_lines(withheld, false) || !are_lines(fields, false))
    return broken("has lines that are none");
  if (etag_size > UINT16_MAX || std::uint64_t{etag_at} + etag_size > fields.size())
    return broken("has an entity tag that is not in it");

  const Instant born_at = now - milliseconds{age} - std::clamp(in_tier, milliseconds{0}, milliseconds{kLongestMs});
  Bytes held;
  held.append(body);
  entry.response = cache::StoredResponse::make(
      {.url = url,
       .status = status,
       .withheld = withheld,
       .fields = fields,
       .selecting = selecting,
       .etag = fields.substr(etag_at, etag_size),
       .last_modified = flags & HasLastModified
                            ? std::optional{std::chrono::sys_seconds{std::chrono::seconds{last_modified}}}
                            : std::nullopt,
       .version = flags & HasVersion ? std::optional{version} : std::nullopt,
       .born_at = born_at,
       .fresh_until = born_at + milliseconds{lifetime},
       .stale = {.while_revalidate = std::chrono::seconds{while_revalidate},
                 .if_error = std::chrono::seconds{if_error},
                 .by_request = (flags & StaleByRequest) != 0},
       .lifetime_source = static_cast<http::LifetimeSource>(source)},
      std::move(held), budget);
  return entry;
}

}  // namespace edge::tier2
