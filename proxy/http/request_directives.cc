#include "http/request_directives.h"

#include "http/cache_control.h"

namespace edge::http {

UseLimits use_limits(const Fields& request, RequestDirectives which) {
  if (which == RequestDirectives::Ignore || !request.has(FieldName::CacheControl)) return {};
  const CacheControl control = parse_cache_control(request);
  UseLimits limits;
  limits.only_if_cached = control.only_if_cached;
  limits.revalidate = control.no_cache || control.max_age == std::chrono::seconds{0};
  if (which == RequestDirectives::Limited) return limits;
  limits.no_store = control.no_store;
  limits.age_max = control.max_age;
  limits.fresh_for_min = control.min_fresh.value_or(std::chrono::seconds{0});
  limits.stale_max = control.max_stale;
  return limits;
}

}  // namespace edge::http
