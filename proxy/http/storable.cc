#include "http/storable.h"

#include <algorithm>

#include "http/list.h"

namespace edge::http {
namespace {

bool varies_by_anything(const Fields& response) {
  if (!response.has(FieldName::Vary)) return false;
  bool found = false;
  for (const Field& field : response)
    if (field.id == FieldName::Vary)
      for_each_element(field.value, [&found](std::string_view element) { found = found || element == "*"; });
  return found;
}

// A cookie that private="set-cookie" or no-cache="set-cookie" names is not kept, whatever becomes of the rest.
bool keeps_cookie(const Fields& response, const CacheControl& control) {
  return response.has(FieldName::SetCookie) &&
         std::find(control.unshared.begin(), control.unshared.end(), "set-cookie") == control.unshared.end();
}

// RFC 9111 section 3.5.
bool may_share_authorized(const CacheControl& control) noexcept {
  return control.is_public || control.must_revalidate || control.s_maxage;
}

// RFC 9111 section 3, last item. no-cache is not in its list, but whoever sends it expects the response to be kept.
bool is_storing_allowed(const ResponseHead& response, const CacheControl& control,
                        const FreshnessLifetime& lifetime) noexcept {
  return control.is_public || lifetime.is_explicit() || is_heuristically_cacheable(response.status);
}

// The final statuses of RFC 9110 section 15 whose caching needs nothing that we do not do: not 206, which we do not
// combine, and not 304, which is no response to store.
bool is_understood(std::uint16_t status) noexcept {
  return (status >= 200 && status <= 205) || (status >= 300 && status <= 308 && status != 304 && status != 306) ||
         (status >= 400 && status <= 417) || status == 421 || status == 422 || status == 426 ||
         (status >= 500 && status <= 505);
}

bool has_validator(const Fields& response) noexcept {
  return response.has(FieldName::ETag) || response.has(FieldName::LastModified);
}

}  // namespace

Storability judge_storability(Method method, const Fields& request, const ResponseHead& response,
                              const CacheControl& control, const FreshnessLifetime& lifetime, SetCookiePolicy cookies) {
  if (method != Method::Get) return Storability::MethodNotGet;
  if (response.status < 200) return Storability::StatusNotFinal;
  if (response.status == 206 || response.status == 304) return Storability::StatusPartial;
  if (control.must_understand && !is_understood(response.status)) return Storability::NotUnderstood;
  // RFC 9111 section 5.2.2.3: beside must-understand it is for caches that do not know the status.
  if (control.no_store && !control.must_understand) return Storability::ResponseNoStore;
  if (control.is_private) return Storability::Private;
  if (request.has(FieldName::Authorization) && !may_share_authorized(control)) return Storability::Authorized;
  if (cookies == SetCookiePolicy::Pass && keeps_cookie(response.fields, control) && !control.is_public &&
      !control.s_maxage)
    return Storability::SetsCookie;
  if (varies_by_anything(response.fields)) return Storability::VariesByAnything;
  if (!is_storing_allowed(response, control, lifetime)) return Storability::NothingAllows;
  if (lifetime.length.count() == 0 && !has_validator(response.fields)) return Storability::FreshForNoTime;
  return Storability::Storable;
}

std::string_view to_text(Storability storability) noexcept {
  switch (storability) {
    case Storability::Storable:
      return "storable";
    case Storability::MethodNotGet:
      return "method-not-get";
    case Storability::StatusNotFinal:
      return "status-not-final";
    case Storability::StatusPartial:
      return "status-partial";
    case Storability::NotUnderstood:
      return "must-understand";
    case Storability::ResponseNoStore:
      return "no-store";
    case Storability::Private:
      return "private";
    case Storability::Authorized:
      return "authorization";
    case Storability::SetsCookie:
      return "set-cookie";
    case Storability::VariesByAnything:
      return "vary-any";
    case Storability::NothingAllows:
      return "no-freshness";
    case Storability::FreshForNoTime:
      return "no-validator";
  }
  return {};
}

}  // namespace edge::http
