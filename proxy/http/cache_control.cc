#include "http/cache_control.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "http/delta_seconds.h"
#include "http/list.h"

namespace edge::http {
namespace {

struct Flag {
  std::string_view name;
  bool CacheControl::*member;
};
constexpr std::array<Flag, 7> kFlags{{
    {"no-store", &CacheControl::no_store},
    {"no-cache", &CacheControl::no_cache},
    {"public", &CacheControl::is_public},
    {"private", &CacheControl::is_private},
    {"must-revalidate", &CacheControl::must_revalidate},
    {"proxy-revalidate", &CacheControl::proxy_revalidate},
    {"only-if-cached", &CacheControl::only_if_cached},
}};

struct Lifetime {
  std::string_view name;
  std::optional<std::chrono::seconds> CacheControl::*member;
};
constexpr std::array<Lifetime, 2> kLifetimes{{
    {"max-age", &CacheControl::max_age},
    {"s-maxage", &CacheControl::s_maxage},
}};

// RFC 9111 section 5.2: a recipient ought to accept both forms of an argument, token and quoted string.
std::string_view unquoted(std::string_view argument) noexcept {
  if (argument.size() < 2 || argument.front() != '"' || argument.back() != '"') return argument;
  return argument.substr(1, argument.size() - 2);
}

void read_directive(CacheControl& control, std::string_view directive) noexcept {
  const std::size_t equals = directive.find('=');
  // A space before '=' is malformed; the directive is recognised nevertheless, its argument is then no number.
  const std::string_view name = trim(directive.substr(0, equals));
  for (const Flag& flag : kFlags)
    if (equals_ignoring_case(name, flag.name)) control.*flag.member = true;
  for (const Lifetime& lifetime : kLifetimes) {
    if (!equals_ignoring_case(name, lifetime.name)) continue;
    std::optional<std::chrono::seconds> value;
    if (equals == name.size()) value = try_delta_seconds(unquoted(directive.substr(equals + 1)));
    auto& smallest = control.*lifetime.member;
    smallest = std::min(smallest.value_or(kDeltaSecondsMax), value.value_or(std::chrono::seconds{0}));
  }
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

CacheControl parse_cache_control(std::string_view value) noexcept {
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
