#include "http/field_name.h"

#include <array>

#include "base/check.h"
#include "base/text.h"

namespace edge::http {
namespace {

constexpr std::size_t kCount = static_cast<std::size_t>(FieldName::Count);

// In the order of the enum.
constexpr std::array<std::string_view, kCount> kNames{
    "",
    "age",
    "authorization",
    "cache-control",
    "cache-status",
    "connection",
    "content-encoding",
    "content-length",
    "content-location",
    "content-type",
    "cookie",
    "date",
    "etag",
    "expect",
    "expires",
    "forwarded",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "keep-alive",
    "last-modified",
    "location",
    "max-forwards",
    "pragma",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "proxy-status",
    "range",
    "retry-after",
    "server",
    "set-cookie",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "vary",
    "via",
    "x-forwarded-for",
    "x-request-id",
};
static_assert(kNames.back() == "x-request-id");

// A request has few fields and each is looked up once: length, first and last letter lead to at most a handful of
// candidates.
constexpr std::size_t kBuckets = 128;
constexpr std::size_t bucket_of(std::string_view name) {
  const auto letter = [](char c) { return static_cast<std::size_t>(static_cast<unsigned char>(ascii_lower(c))); };
  return (name.size() * 7 + letter(name.front()) * 3 + letter(name.back())) % kBuckets;
}

struct Index {
  std::array<FieldName, kBuckets> first{};
  std::array<FieldName, kCount> next{};
};

constexpr Index make_index() {
  Index index;
  for (std::size_t i = kCount - 1; i > 0; --i) {
    const std::size_t bucket = bucket_of(kNames[i]);
    index.next[i] = index.first[bucket];
    index.first[bucket] = static_cast<FieldName>(i);
  }
  return index;
}
constexpr Index kIndex = make_index();

// `lowered`: one of kNames.
constexpr bool is_name(std::string_view lowered, std::string_view name) {
  if (lowered.size() != name.size()) return false;
  for (std::size_t i = 0; i < name.size(); ++i)
    if (lowered[i] != ascii_lower(name[i])) return false;
  return true;
}

}  // namespace

FieldName find_field_name(std::string_view name) noexcept {
  if (name.empty()) return FieldName::Other;
  FieldName candidate = kIndex.first[bucket_of(name)];
  while (candidate != FieldName::Other && !is_name(kNames[static_cast<std::size_t>(candidate)], name))
    candidate = kIndex.next[static_cast<std::size_t>(candidate)];
  return candidate;
}

std::string_view to_text(FieldName name) noexcept {
  EDGE_CHECK(name != FieldName::Other && name != FieldName::Count);
  return kNames[static_cast<std::size_t>(name)];
}

}  // namespace edge::http
