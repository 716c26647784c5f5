// Rate limits as requests meet them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/message.h"
#include "limit/rate.h"
#include "serving/rate_options.h"

namespace edge::serving {

struct RateRule {
  metrics::RateKind by;
  // Of the degraded mode: what tells requests apart; else as `by`.
  metrics::RateKind key;
  std::string header;
  RateMethods methods;
  limit::Rate rate;
  bool dry_run;
  std::string name;          // "address", and "address-2" for the second of that kind: the policy in RateLimit.
  std::uint64_t salt;        // So that rules have buckets of their own, and a rule that was changed has new ones.
  std::string policy_field;  // The value of RateLimit-Policy.

  bool applies_to(http::Method method) const noexcept;
};

// Immutable; a reload makes new ones.
struct RateRules {
  std::vector<RateRule> rules;
  std::vector<RateRule> degraded;  // One, or none where there are no options.
};

// The error names the rate that cannot be.
Result<RateRules> make_rate_rules(const LimitOptions& options);

}  // namespace edge::serving
