#include "serving/stored_head.h"

#include <algorithm>

#include "base/text.h"
#include "http/date.h"
#include "http/hop_by_hop.h"
#include "http/vary.h"

namespace edge::serving {
namespace {

using http::FieldName;

// Room for so many bytes at first; an avatar's head has fewer.
constexpr std::size_t kLinesExpected = 512;

Instant born_at(const http::ResponseHead& head, const ResponseTimes& times) {
  const auto delay = std::chrono::floor<std::chrono::milliseconds>(times.received - times.asked);
  return times.received - http::initial_age(head, times.received_wall, delay);
}

std::chrono::sys_seconds in_seconds(WallTime time) { return std::chrono::floor<std::chrono::seconds>(time); }

bool has_valid_date(const http::ResponseHead& head, WallTime received) {
  const auto text = head.fields.single(FieldName::Date);
  return text && http::try_http_date(*text, in_seconds(received));
}

bool is_named(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Whether not all of it may be kept and sent on.
bool has_part_apart(const http::Fields& fields, const http::CacheControl& control, const ServingOptions& options) {
  if (!control.unshared.empty()) return true;
  if (options.caching.set_cookie == http::SetCookiePolicy::Strip && fields.has(FieldName::SetCookie)) return true;
  if (options.caching.forward_targeted) return false;
  return std::any_of(fields.begin(), fields.end(), [&](const http::Field& field) {
    return std::any_of(options.caching.targeted_fields.begin(), options.caching.targeted_fields.end(),
                       [&](const std::string& name) { return equals_ignoring_case(field.name, name); });
  });
}

}  // namespace

StoredHead::StoredHead(const http::ResponseHead& head, const http::CacheControl& control, const ResponseTimes& times,
                       std::string_view request, const ServingOptions& options)
    : status_(head.status),
      born_at_(born_at(head, times)),
      lifetime_(http::freshness_lifetime(head, control, options.caching.freshness, times.received_wall)),
      stale_(http::stale_allowance(control, options.caching.stale)) {
  // RFC 9110 section 6.6.1: who keeps a response that has no Date, or one that is none, notes when it came.
  const bool is_dated = has_valid_date(head, times.received_wall);
  // Age and the body's length are said anew with each answer.
  lines_.reserve(kLinesExpected);
  http::append_end_to_end_lines(
      lines_, head.fields, {FieldName::Age, FieldName::ContentLength, is_dated ? FieldName::Age : FieldName::Date});
  if (has_part_apart(head.fields, control, options)) set_apart(control, options);
  if (!is_dated) http::append_line(lines_, "date", http::format_http_date(in_seconds(times.received_wall)));
  const http::Fields kept = http::parse_lines(lines_);
  etag_ = kept.single(FieldName::ETag).value_or(std::string_view{});
  if (const auto text = kept.single(FieldName::LastModified))
    last_modified_ = http::try_http_date(*text, in_seconds(times.received_wall));
  // As the origin sent it: a Vary that is kept from others selects nevertheless.
  if (head.fields.has(FieldName::Vary))
    selecting_ = http::selecting_lines(head.fields.combined(FieldName::Vary), http::parse_lines(request));
  version_ = try_unsigned(kept.combined(options.version_header));
}

void StoredHead::set_apart(const http::CacheControl& control, const ServingOptions& options) {
  const bool strips_cookie = options.caching.set_cookie == http::SetCookiePolicy::Strip;
  std::string kept;
  for (const http::Field& field : http::parse_lines(lines_)) {
    const bool is_for_one =
        is_named(control.unshared, field.name) || (strips_cookie && field.id == FieldName::SetCookie);
    const bool is_for_us = !options.caching.forward_targeted && is_named(options.caching.targeted_fields, field.name);
    std::string& part = is_for_one ? unshared_lines_ : is_for_us ? withheld_lines_ : kept;
    http::append_line(part, field.name, field.value);
  }
  lines_ = std::move(kept);
}

cache::StoredResponseParts StoredHead::parts(std::string_view url) const {
  return {.url = url,
          .status = status_,
          .withheld = withheld_lines_,
          .fields = lines_,
          .selecting = selecting_,
          .etag = etag_,
          .last_modified = last_modified_,
          .version = version_,
          .born_at = born_at_,
          .fresh_until = born_at_ + lifetime_.length,
          .stale = stale_,
          .lifetime_source = lifetime_.source};
}

}  // namespace edge::serving
