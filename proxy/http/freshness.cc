#include "http/freshness.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "http/date.h"
#include "http/delta_seconds.h"

namespace edge::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::sys_seconds;

sys_seconds in_seconds(WallTime time) noexcept { return std::chrono::floor<seconds>(time); }

std::optional<sys_seconds> try_date(const ResponseHead& head, FieldName name, WallTime received) noexcept {
  const auto text = head.fields.single(name);
  return text ? try_http_date(*text, in_seconds(received)) : std::nullopt;
}

milliseconds from_expires(const ResponseHead& head, WallTime received) noexcept {
  const auto expires = try_date(head, FieldName::Expires, received);
  if (!expires) return milliseconds{0};
  const sys_seconds date = try_date(head, FieldName::Date, received).value_or(in_seconds(received));
  return std::clamp(*expires - date, seconds{0}, kDeltaSecondsMax);
}

// RFC 9111 section 4.2.2. What lies in the future says nothing.
milliseconds guessed(const ResponseHead& head, milliseconds longest, WallTime received) noexcept {
  const auto modified = try_date(head, FieldName::LastModified, received);
  if (!modified) return milliseconds{0};
  const sys_seconds date = try_date(head, FieldName::Date, received).value_or(in_seconds(received));
  return std::clamp<milliseconds>((date - *modified) / 10, milliseconds{0}, longest);
}

// RFC 9111 section 5.1: of several values the first counts, and only if it is a number.
seconds age_value(const ResponseHead& head) noexcept {
  const std::string_view value = head.fields.value(FieldName::Age);
  return try_delta_seconds(trim(value.substr(0, value.find(',')))).value_or(seconds{0});
}

}  // namespace

FreshnessLifetime freshness_lifetime(const ResponseHead& head, const CacheControl& control,
                                     const FreshnessDefaults& defaults, WallTime received) noexcept {
  if (control.no_cache) return {milliseconds{0}, LifetimeSource::NoCache};
  if (control.s_maxage) return {*control.s_maxage, LifetimeSource::SMaxage};
  if (control.max_age) return {*control.max_age, LifetimeSource::MaxAge};
  if (head.fields.has(FieldName::Expires) && !control.is_targeted)
    return {from_expires(head, received), LifetimeSource::Expires};
  if (head.status == 404 || head.status == 410) return {defaults.negative_ttl, LifetimeSource::NegativeTtl};
  if (!is_heuristically_cacheable(head.status) && !control.is_public) return {};
  // An error says nothing about an avatar, so our default for avatars is not for errors (405, 414, 501).
  if (head.status < 400 && defaults.default_ttl.count() > 0) return {defaults.default_ttl, LifetimeSource::DefaultTtl};
  if (defaults.heuristic_max.count() > 0 && head.fields.has(FieldName::LastModified))
    return {guessed(head, defaults.heuristic_max, received), LifetimeSource::Heuristic};
  return {};
}

StaleAllowance stale_allowance(const CacheControl& control, const StaleDefaults& defaults) noexcept {
  if (control.must_revalidate || control.proxy_revalidate || control.s_maxage || control.no_cache) return {};
  return {control.stale_while_revalidate ? milliseconds{*control.stale_while_revalidate} : defaults.while_revalidate,
          control.stale_if_error ? milliseconds{*control.stale_if_error} : defaults.if_error, true};
}

std::string_view to_text(LifetimeSource source) noexcept {
  switch (source) {
    case LifetimeSource::None:
      return "nothing that says for how long";
    case LifetimeSource::NoCache:
      return "no-cache";
    case LifetimeSource::SMaxage:
      return "s-maxage";
    case LifetimeSource::MaxAge:
      return "max-age";
    case LifetimeSource::Expires:
      return "Expires";
    case LifetimeSource::DefaultTtl:
      return "cache.default_ttl";
    case LifetimeSource::NegativeTtl:
      return "cache.negative_ttl";
    case LifetimeSource::Heuristic:
      return "a tenth of the time since Last-Modified";
  }
  return {};
}

milliseconds initial_age(const ResponseHead& head, WallTime received, milliseconds response_delay) noexcept {
  const auto date = try_date(head, FieldName::Date, received);
  const milliseconds apparent_age = date ? received - *date : milliseconds{0};
  const milliseconds corrected_age = age_value(head) + std::max(response_delay, milliseconds{0});
  return std::max({apparent_age, corrected_age, milliseconds{0}});
}

bool is_heuristically_cacheable(std::uint16_t status) noexcept {
  switch (status) {
    case 200:
    case 203:
    case 204:
    case 300:
    case 301:
    case 308:
    case 404:
    case 405:
    case 410:
    case 414:
    case 501:
      return true;
    default:
      return false;
  }
}

}  // namespace edge::http
