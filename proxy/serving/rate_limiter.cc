#include "serving/rate_limiter.h"

#include <string>

#include "base/check.h"
#include "base/hash.h"
#include "base/text.h"
#include "http/token_subject.h"

namespace edge::serving {
namespace {

using metrics::RateKind;

// Of the rule's buckets, which is the request's.
class Keys {
 public:
  Keys(const frontend::Exchange& exchange, std::string_view path, const Routes& routes)
      : exchange_(exchange), path_(path), routes_(routes) {}

  std::uint64_t of(const RateRule& rule) const {
    switch (rule.key) {
      case RateKind::Address:
        return by_address(rule);
      case RateKind::Header:
        return by_text(rule, header(rule.header));
      case RateKind::TokenSubject:
        return by_text(rule, subject());
      case RateKind::Avatar:
        return by_text(rule, routes_.avatar_of(path_, scratch()).avatar);
      case RateKind::Route:
        return by_text(rule, route());
      case RateKind::Degraded:
      case RateKind::Count:
        break;
    }
    EDGE_CHECK(false);
  }

 private:
  static std::string& scratch() {
    thread_local std::string text;  // Keeps its room from one request to the next.
    return text;
  }

  // What has no text is told apart by address, and never meets a text of the same bytes.
  std::uint64_t by_text(const RateRule& rule, std::string_view text) const {
    return text.empty() ? by_address(rule) : keyed_hash(text) ^ rule.salt;
  }
  std::uint64_t by_address(const RateRule& rule) const {
    return keyed_hash(exchange_.client().client_key()) ^ ~rule.salt;
  }

  // Of a field that is there twice nobody knows which the origin believes.
  std::string_view header(std::string_view name) const {
    std::string_view found;
    for (const http::Field& field : exchange_.request().fields) {
      if (!equals_ignoring_case(field.name, name)) continue;
      if (!found.empty()) return {};
      found = field.value;
    }
    return found;
  }
  std::string_view subject() const {
    const std::string_view field =
        exchange_.request().fields.single(http::FieldName::Authorization).value_or(std::string_view{});
    return field.empty() ? field : http::try_token_subject(field, scratch()).value_or(std::string_view{});
  }
  // All that no route matches is one.
  std::string_view route() const {
    const Route* const route = routes_.avatar_of(path_, scratch()).route;
    return route ? std::string_view(route->pattern) : "*";
  }

  const frontend::Exchange& exchange_;
  const std::string_view path_;
  const Routes& routes_;
};

}  // namespace

std::optional<RateRefusal> RateLimiter::judge(const RateRules& rules, const frontend::Exchange& exchange,
                                              std::string_view path, const Routes& routes, Instant now,
                                              metrics::WorkerMetrics& metrics) {
  const Keys keys(exchange, path, routes);
  const auto take = [&](const RateRule& rule) -> std::optional<RateRefusal> {
    if (!rule.applies_to(exchange.request().method)) return std::nullopt;
    const limit::Taken taken = table_.take(keys.of(rule), rule.rate, now);
    if (taken.has_forgotten) metrics.rate_buckets_forgotten.add();
    if (taken.is_allowed) return std::nullopt;
    (rule.dry_run ? metrics.rate_limited_dry : metrics.rate_limited)[rule.by].add();
    return rule.dry_run ? std::nullopt : std::optional{RateRefusal{rule, taken.wait}};
  };
  for (const RateRule& rule : rules.rules)
    if (const auto refused = take(rule)) return refused;
  if (!is_degraded()) return std::nullopt;
  for (const RateRule& rule : rules.degraded)
    if (const auto refused = take(rule)) return refused;
  return std::nullopt;
}

}  // namespace edge::serving
