#include "http/range.h"

#include <algorithm>

#include "base/text.h"
#include "http/characters.h"
#include "http/date.h"
#include "http/etag.h"
#include "http/list.h"

namespace edge::http {
namespace {

enum class Spec { Malformed, Outside, Inside };

// Digits only; what is too large for 64 bits counts as the largest number.
std::optional<std::uint64_t> try_position(std::string_view text) noexcept {
  if (text.empty()) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    value = value > (UINT64_MAX - digit) / 10 ? UINT64_MAX : value * 10 + digit;
  }
  return value;
}

// RFC 9110 section 14.1.2: FIRST-LAST, FIRST- or -LENGTH.
Spec read_spec(std::string_view spec, std::uint64_t body_bytes, ByteRange& range) noexcept {
  const std::size_t dash = spec.find('-');
  if (dash == std::string_view::npos) return Spec::Malformed;
  const std::string_view left = spec.substr(0, dash), right = spec.substr(dash + 1);
  const auto first = try_position(left), last = try_position(right);
  if ((!left.empty() && !first) || (!right.empty() && !last) || (!first && !last)) return Spec::Malformed;
  if (!first) {
    if (*last == 0 || body_bytes == 0) return Spec::Outside;
    range = {body_bytes - std::min(*last, body_bytes), body_bytes - 1};
    return Spec::Inside;
  }
  if (last && *last < *first) return Spec::Malformed;
  if (*first >= body_bytes) return Spec::Outside;
  range = {*first, std::min(last.value_or(UINT64_MAX), body_bytes - 1)};
  return Spec::Inside;
}

bool touch(const ByteRange& a, const ByteRange& b) noexcept { return a.first <= b.last + 1 && b.first <= a.last + 1; }

ByteRange joined(const ByteRange& a, const ByteRange& b) noexcept {
  return {std::min(a.first, b.first), std::max(a.last, b.last)};
}

// Takes in `range`. Parts that it touches become one with it, in the place of the first of them.
void add_part(std::vector<ByteRange>& parts, const ByteRange& range) {
  std::size_t place = parts.size();
  parts.push_back(range);
  for (std::size_t i = 0; i < parts.size();) {
    if (i == place || !touch(parts[i], parts[place])) {
      ++i;
      continue;
    }
    const std::size_t first = std::min(i, place), second = std::max(i, place);
    parts[first] = joined(parts[first], parts[second]);
    parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(second));
    place = first;
    i = 0;  // It may touch others now.
  }
}

// RFC 9110 section 13.1.5.
bool is_same_version(std::string_view named, const RangedResponse& response) noexcept {
  if (const auto tag = try_entity_tag(named)) {
    const auto ours = try_entity_tag(response.etag);
    return ours && is_strong_match(*tag, *ours);
  }
  if (!response.last_modified || !response.date) return false;
  const auto date = try_http_date(named, *response.date);
  // Section 8.8.2.2: a date is strong when nothing can have changed within its second after the response was made.
  return date == response.last_modified && *response.date - *response.last_modified >= std::chrono::seconds{1};
}

}  // namespace

RangeAnswer evaluate_range(const RequestHead& request, const RangedResponse& response, std::uint32_t parts_max) {
  if (!request.fields.has(FieldName::Range) || request.method != Method::Get || response.status != 200 ||
      parts_max == 0)
    return {};
  const auto value = request.fields.single(FieldName::Range);
  if (!value) return {};
  if (request.fields.has(FieldName::IfRange)) {
    const auto version = request.fields.single(FieldName::IfRange);
    if (!version || !is_same_version(*version, response)) return {};
  }
  const std::size_t equals = std::min(value->find('='), value->size());
  if (!equals_ignoring_case(value->substr(0, equals), "bytes")) return {};
  RangeAnswer answer;
  bool is_followed = true;
  bool has_spec = false;
  for_each_element(value->substr(std::min(equals + 1, value->size())), [&](std::string_view spec) {
    if (!is_followed) return;
    ByteRange range;
    const Spec what = read_spec(spec, response.body_bytes, range);
    has_spec = true;
    is_followed = what != Spec::Malformed;
    if (what == Spec::Inside) add_part(answer.parts, range);
    is_followed = is_followed && answer.parts.size() <= parts_max;
  });
  if (!is_followed || !has_spec) return {};
  answer.kind = answer.parts.empty() ? RangeKind::Unsatisfiable : RangeKind::Parts;
  return answer;
}

void append_content_range(std::string& lines, const std::optional<ByteRange>& part, std::uint64_t body_bytes) {
  lines += "content-range: bytes ";
  if (part) {
    append_unsigned(lines, part->first);
    lines += '-';
    append_unsigned(lines, part->last);
  } else {
    lines += '*';
  }
  lines += '/';
  append_unsigned(lines, body_bytes);
  lines += "\r\n";
}

ByterangesBody::ByterangesBody(std::vector<ByteRange> parts, std::uint64_t body_bytes, std::string_view content_type,
                               std::string_view boundary)
    : parts_(std::move(parts)), body_bytes_(body_bytes), content_type_(content_type), boundary_(boundary) {}

std::string ByterangesBody::part_head(std::size_t part) const {
  std::string head = part == 0 ? "--" : "\r\n--";
  head += boundary_;
  head += "\r\n";
  if (!content_type_.empty()) append_line(head, "content-type", content_type_);
  append_content_range(head, parts_[part], body_bytes_);
  return head += "\r\n";
}

std::string ByterangesBody::end() const { return "\r\n--" + boundary_ + "--\r\n"; }

std::string ByterangesBody::content_type() const { return "multipart/byteranges; boundary=" + boundary_; }

std::uint64_t ByterangesBody::length() const {
  std::uint64_t length = end().size();
  for (std::size_t i = 0; i < parts_.size(); ++i) length += part_head(i).size() + parts_[i].length();
  return length;
}

}  // namespace edge::http
