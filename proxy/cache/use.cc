#include "cache/use.h"

#include <algorithm>

namespace edge::cache {

Use Judge::use(const Entry& entry) const {
  const StoredResponse& response = *entry.response;
  if (limits.revalidate || (limits.age_max && response.age(now) > *limits.age_max)) return Use::No;
  const bool is_fresh = now + limits.fresh_for_min < entry.usable_until;
  if (!is_vouched_for(entry.begun)) return is_fresh ? Use::Untrusted : Use::No;
  if (is_fresh) return Use::Fresh;
  if (entry.is_suspect) return Use::No;
  // Who wants it fresh for a while does not want it stale, whatever else is said.
  const bool wants_it_fresher = limits.fresh_for_min.count() > 0;
  if (limits.stale_max && !wants_it_fresher && response.may_be_stale_by_request() &&
      now - entry.usable_until <= *limits.stale_max)
    return Use::StaleByRequest;
  if (!trust.has_lease(now)) return Use::No;  // PROTOCOL R16.
  const bool wants_fresh = limits.age_max || wants_it_fresher;
  // After what was fresh for less time than it might have been, as after an update, only the origin will do.
  const bool was_cut_short = entry.usable_until < response.fresh_until();
  if (!wants_fresh && !was_cut_short && now < response.fresh_until() + response.stale_while_revalidate())
    return Use::WhileRevalidating;
  return Use::No;
}

Judge::WhyNot Judge::why_not(const Shard::Found& found) const {
  if (!found.entry)
    return {found.has_other_variants ? http::ForwardReason::VaryMiss : http::ForwardReason::UriMiss, false};
  const Entry& entry = *found.entry;
  const bool is_for_trust = use(entry) == Use::Untrusted;
  const bool is_fresh = now < entry.usable_until && !is_for_trust;
  return {is_fresh ? http::ForwardReason::Request : http::ForwardReason::Stale, is_for_trust};
}

Instant Judge::usable_until(const Entry& entry) const {
  return std::min(entry.usable_until, trust.trusted_until(entry.begun.generation, entry.begun.at));
}

}  // namespace edge::cache
