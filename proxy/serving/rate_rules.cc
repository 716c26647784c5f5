#include "serving/rate_rules.h"

#include <algorithm>
#include <chrono>

#include "base/hash.h"
#include "base/text.h"

namespace edge::serving {
namespace {

using metrics::RateKind;

std::string policy_name(RateKind by, std::size_t number) {
  std::string name(metrics::kRateKindLabels[static_cast<std::size_t>(by)]);
  std::ranges::replace(name, '_', '-');
  if (number > 1) name += "-" + std::to_string(number);
  return name;
}

// draft-ietf-httpapi-ratelimit-headers-10 section 3: so many requests in a window of so many seconds. A bucket that is
// empty is full again after that window.
std::string policy_field_of(const RateRule& rule) {
  std::string field = "\"" + rule.name + "\";q=";
  append_unsigned(field, rule.rate.burst);
  field += ";w=";
  const auto window = std::chrono::ceil<std::chrono::seconds>(rule.rate.whole());
  append_unsigned(field, static_cast<std::uint64_t>(window.count()));
  return field;
}

Result<RateRule> make_rule(const RateOptions& options, RateKind by, std::size_t number) {
  auto rate = limit::parse_rate(options.rate);
  if (!rate) return Failure{rate.error()};
  if (options.burst != 0) rate->burst = options.burst;
  RateRule rule{.by = by,
                .key = options.by,
                .header = options.header,
                .methods = options.methods,
                .rate = *rate,
                .dry_run = options.dry_run,
                .name = policy_name(by, number),
                .salt = 0,
                .policy_field = {}};
  rule.policy_field = policy_field_of(rule);
  const auto key = static_cast<std::size_t>(rule.key), methods = static_cast<std::size_t>(rule.methods);
  rule.salt = keyed_hash(rule.policy_field + ' ' + options.rate + ' ' + std::to_string(key) + ' ' +
                         std::to_string(methods) + ' ' + options.header);
  return rule;
}

}  // namespace

bool RateRule::applies_to(http::Method method) const noexcept {
  switch (methods) {
    case RateMethods::All:
      return true;
    case RateMethods::Safe:
      return http::is_safe(method);
    case RateMethods::Unsafe:
      return !http::is_safe(method) && method != http::Method::Purge;
  }
  return true;
}

Result<RateRules> make_rate_rules(const LimitOptions& options) {
  RateRules rules;
  for (const RateOptions& one : options.rates) {
    const auto before = std::ranges::count(rules.rules, one.by, &RateRule::by);
    auto rule = make_rule(one, one.by, static_cast<std::size_t>(before) + 1);
    if (!rule) return Failure{rule.error()};
    rules.rules.push_back(*std::move(rule));
  }
  auto degraded = make_rule(options.degraded, RateKind::Degraded, 1);
  if (!degraded) return Failure{degraded.error()};
  rules.degraded.push_back(*std::move(degraded));
  return rules;
}

}  // namespace edge::serving
