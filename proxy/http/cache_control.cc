#include "http/cache_control.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "http/characters.h"
#include "http/delta_seconds.h"
#include "http/list.h"

namespace edge::http {
namespace {

struct Flag {
  std::string_view name;
  bool CacheControl::*member;
};
constexpr std::array<Flag, 6> kFlags{{
    {"no-store", &CacheControl::no_store},
    {"public", &CacheControl::is_public},
    {"must-revalidate", &CacheControl::must_revalidate},
    {"proxy-revalidate", &CacheControl::proxy_revalidate},
    {"must-understand", &CacheControl::must_understand},
    {"only-if-cached", &CacheControl::only_if_cached},
}};

// These may list fields.
constexpr std::array<Flag, 2> kQualified{{
    {"no-cache", &CacheControl::no_cache},
    {"private", &CacheControl::is_private},
}};

// Of several values the stricter counts, and what is no number is the strictest of all.
struct Lifetime {
  std::string_view name;
  std::optional<std::chrono::seconds> CacheControl::*member;
  bool is_strict_when_large = false;
};
constexpr std::array<Lifetime, 5> kLifetimes{{
    {"max-age", &CacheControl::max_age},
    {"s-maxage", &CacheControl::s_maxage},
    {"stale-while-revalidate", &CacheControl::stale_while_revalidate},
    {"stale-if-error", &CacheControl::stale_if_error},
    {"min-fresh", &CacheControl::min_fresh, true},
}};

// RFC 9111 section 5.2: a recipient ought to accept both forms of an argument, token and quoted string.
std::string_view unquoted(std::string_view argument) noexcept {
  if (argument.size() < 2 || argument.front() != '"' || argument.back() != '"') return argument;
  return argument.substr(1, argument.size() - 2);
}

struct Directive {
  std::string_view name;
  bool has_argument;
  std::string_view argument;  // As it came; empty where there is none.
};

Directive split(std::string_view directive) noexcept {
  const std::size_t equals = directive.find('=');
  const bool has_argument = equals != std::string_view::npos;
  // A space before '=' is malformed; the directive is recognised nevertheless, its argument is then no number.
  const std::string_view name = trim(directive.substr(0, equals));
  const bool is_tight = equals == name.size();
  return {name, has_argument, has_argument && is_tight ? directive.substr(equals + 1) : std::string_view{}};
}

void read_lifetime(CacheControl& control, const Lifetime& lifetime, std::string_view argument) noexcept {
  const auto value = try_delta_seconds(unquoted(argument));
  auto& held = control.*lifetime.member;
  if (lifetime.is_strict_when_large) {
    held = std::max(held.value_or(std::chrono::seconds{0}), value.value_or(kDeltaSecondsMax));
  } else {
    held = std::min(held.value_or(kDeltaSecondsMax), value.value_or(std::chrono::seconds{0}));
  }
}

// RFC 9111 section 5.2.1.2.
void read_max_stale(CacheControl& control, const Directive& directive) noexcept {
  const auto none = std::chrono::seconds{0};
  const auto value =
      directive.has_argument ? try_delta_seconds(unquoted(directive.argument)).value_or(none) : kAnyStaleness;
  control.max_stale = std::min(control.max_stale.value_or(kAnyStaleness), value);
}

// False when `list` is not one of field names.
bool add_field_names(std::vector<std::string>& names, std::string_view list) {
  const std::size_t before = names.size();
  bool is_good = true;
  for_each_element(list, [&](std::string_view name) {
    is_good = is_good && is_token(name);
    std::string& lowered = names.emplace_back();
    for (const char c : name) lowered += ascii_lower(c);
  });
  return is_good && names.size() > before;
}

void read_directive(CacheControl& control, std::string_view text) {
  const Directive directive = split(text);
  for (const Flag& flag : kFlags)
    if (equals_ignoring_case(directive.name, flag.name)) control.*flag.member = true;
  for (const Lifetime& lifetime : kLifetimes)
    if (equals_ignoring_case(directive.name, lifetime.name)) read_lifetime(control, lifetime, directive.argument);
  if (equals_ignoring_case(directive.name, "max-stale")) read_max_stale(control, directive);
  for (const Flag& flag : kQualified)
    if (equals_ignoring_case(directive.name, flag.name) &&
        !(directive.has_argument && add_field_names(control.unshared, unquoted(directive.argument))))
      control.*flag.member = true;
}

bool has_open_quote(std::string_view element) noexcept {
  bool quoted = false;
  for (std::size_t i = 0; i < element.size(); ++i) {
    if (quoted && element[i] == '\\') {
      ++i;
    } else if (element[i] == '"') {
      quoted = !quoted;
    }
  }
  return quoted;
}

}  // namespace

CacheControl parse_cache_control(std::string_view value) {
  CacheControl control;
  for_each_element(value, [&control](std::string_view element) {
    if (!has_open_quote(element)) return read_directive(control, element);
    // A quote that never ends must not hide the "no-store" behind it.
    while (!element.empty()) {
      const std::size_t comma = std::min(element.find(','), element.size());
      read_directive(control, trim(element.substr(0, comma)));
      element.remove_prefix(std::min(comma + 1, element.size()));
    }
  });
  return control;
}

CacheControl parse_cache_control(const Fields& fields) {
  if (!fields.has(FieldName::CacheControl)) return {};
  if (const auto only = fields.single(FieldName::CacheControl)) return parse_cache_control(*only);
  return parse_cache_control(fields.combined(FieldName::CacheControl));
}

}  // namespace edge::http
