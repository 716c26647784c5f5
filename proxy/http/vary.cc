#include "http/vary.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/text.h"
#include "http/characters.h"
#include "http/list.h"

namespace edge::http {
namespace {

// The fields that list what a client wants, each with a weight (RFC 9110 section 12.4.2).
bool is_preference(std::string_view name) noexcept {
  static constexpr std::array<std::string_view, 4> kNames{"accept", "accept-charset", "accept-encoding",
                                                          "accept-language"};
  return std::any_of(kNames.begin(), kNames.end(),
                     [name](std::string_view known) { return equals_ignoring_case(known, name); });
}

// The next of the parts that semicolons separate, trimmed; takes it off `rest`.
std::string_view take_part(std::string_view& rest) noexcept {
  const std::size_t end = std::min(rest.find(';'), rest.size());
  const std::string_view part = trim(rest.substr(0, end));
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

bool is_weight(std::string_view part) noexcept {
  return part.size() > 2 && ascii_lower(part[0]) == 'q' && part[1] == '=';
}

// In thousandths; a malformed weight is no weight, so 1000.
int weight_of(std::string_view member) noexcept {
  while (!member.empty()) {
    const std::string_view part = take_part(member);
    if (!is_weight(part)) continue;
    const std::string_view text = part.substr(2);
    if (!is_digit(text[0]) || text[0] > '1' || (text.size() > 1 && text[1] != '.') || text.size() > 5) return 1000;
    int weight = (text[0] - '0') * 1000;
    for (std::size_t i = 2, unit = 100; i < text.size(); ++i, unit /= 10) {
      if (!is_digit(text[i])) return 1000;
      weight += (text[i] - '0') * static_cast<int>(unit);
    }
    return std::min(weight, 1000);
  }
  return 1000;
}

// The next part that means something: a weight of 1 does not.
std::string_view take_meaning(std::string_view& member) noexcept {
  while (!member.empty()) {
    const std::string_view part = take_part(member);
    if (!part.empty() && !(is_weight(part) && weight_of(part) == 1000)) return part;
  }
  return {};
}

bool means_same(std::string_view a, std::string_view b) noexcept {
  while (true) {
    const std::string_view left = take_meaning(a), right = take_meaning(b);
    if (!equals_ignoring_case(left, right)) return false;
    if (left.empty()) return true;
  }
}

bool is_member(std::string_view member, std::string_view list) noexcept {
  bool found = false;
  for_each_element(list, [&](std::string_view other) { found = found || means_same(member, other); });
  return found;
}

bool are_all_members(std::string_view members, std::string_view list) noexcept {
  bool all = true;
  for_each_element(members, [&](std::string_view member) { all = all && is_member(member, list); });
  return all;
}

// The same members in the same order, whatever stands between them. `normal` is in normal form.
bool is_same_list(std::string_view value, std::string_view normal) noexcept {
  bool same = true;
  for_each_element(value, [&](std::string_view member) {
    same = same && normal.starts_with(member);
    if (!same) return;
    normal.remove_prefix(member.size());
    if (normal.empty()) return;
    same = normal.starts_with(", ");
    if (same) normal.remove_prefix(2);
  });
  return same && normal.empty();
}

bool is_same_value(std::string_view name, std::string_view value, std::string_view normal) noexcept {
  if (value == normal) return true;
  if (!is_preference(name)) return is_same_list(value, normal);
  return are_all_members(value, normal) && are_all_members(normal, value);
}

std::string normal_member(std::string_view member) {
  std::string text;
  for (std::string_view part = take_meaning(member); !part.empty(); part = take_meaning(member)) {
    if (!text.empty()) text += ';';
    for (const char c : part) text += ascii_lower(c);
  }
  return text;
}

std::string normal_value(std::string_view name, std::string_view value) {
  std::vector<std::string> members;
  const bool has_weights = is_preference(name);
  for_each_element(value, [&](std::string_view member) {
    members.push_back(has_weights ? normal_member(member) : std::string(member));
  });
  if (has_weights) {
    std::sort(members.begin(), members.end(), [](const std::string& a, const std::string& b) {
      const int left = weight_of(a), right = weight_of(b);
      return left != right ? left > right : a < b;
    });
    members.erase(std::unique(members.begin(), members.end()), members.end());
  }
  std::string normal;
  for (const std::string& member : members) {
    if (!normal.empty()) normal += ", ";
    normal += member;
  }
  return normal;
}

bool has_name(const Field& field, std::string_view name) noexcept { return equals_ignoring_case(field.name, name); }

// Whether the request's field `name` means what a stored line says.
bool has_value(const Fields& request, std::string_view name, std::string_view normal) {
  const Field* only = nullptr;
  for (const Field& field : request) {
    if (!has_name(field, name)) continue;
    if (only) return is_same_value(name, request.combined(name), normal);
    only = &field;
  }
  return only && is_same_value(name, trim(only->value), normal);
}

bool has_field(const Fields& request, std::string_view name) noexcept {
  return std::any_of(request.begin(), request.end(), [name](const Field& field) { return has_name(field, name); });
}

// Empty where two languages are wanted alike.
std::string_view most_wanted(std::string_view preferences) noexcept {
  std::string_view best;
  int best_weight = 0;
  for_each_element(preferences, [&](std::string_view member) {
    const int weight = weight_of(member);
    if (weight > best_weight) {
      best = take_part(member);
      best_weight = weight;
    } else if (weight == best_weight) {
      best = {};
    }
  });
  return best;
}

bool is_in_most_wanted_language(const Fields& request, std::string_view response) {
  const std::string wanted = request.combined("accept-language");
  const std::string_view best = most_wanted(wanted);
  return !best.empty() && equals_ignoring_case(parse_lines(response).combined("content-language"), best);
}

void append_selecting_line(std::string& lines, std::string_view name, const Fields& request) {
  for (const char c : name) lines += ascii_lower(c);
  if (has_field(request, name)) {
    lines += ": ";
    lines += normal_value(name, request.combined(name));
  }
  lines += "\r\n";
}

}  // namespace

std::string selecting_lines(std::string_view vary, const Fields& request) {
  std::string lines;
  for_each_element(vary, [&](std::string_view name) { append_selecting_line(lines, name, request); });
  return lines;
}

bool is_selected(std::string_view selecting_lines, const Fields& request, std::string_view response) {
  while (!selecting_lines.empty()) {
    const std::size_t end = std::min(selecting_lines.find("\r\n"), selecting_lines.size());
    const std::string_view line = selecting_lines.substr(0, end);
    selecting_lines.remove_prefix(std::min(end + 2, selecting_lines.size()));
    const std::size_t colon = line.find(": ");
    if (line == "*") return false;
    if (colon == std::string_view::npos) {
      if (has_field(request, line)) return false;
    } else if (const std::string_view name = line.substr(0, colon); !has_value(request, name, line.substr(colon + 2))) {
      if (name != "accept-language" || !is_in_most_wanted_language(request, response)) return false;
    }
  }
  return true;
}

std::string reduced_accept(std::string_view accept, std::span<const std::string> types) {
  std::string reduced;
  for (const std::string& type : types) {
    bool is_wanted = false;
    for_each_element(accept, [&](std::string_view member) {
      const int weight = weight_of(member);
      is_wanted = is_wanted || (weight > 0 && equals_ignoring_case(take_part(member), type));
    });
    if (is_wanted) reduced.append(type) += ", ";
  }
  return reduced += "*/*";
}

}  // namespace edge::http
