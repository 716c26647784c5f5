#include "http/vary.h"

#include <algorithm>

#include "base/text.h"
#include "http/list.h"

namespace edge::http {
namespace {

// Takes `part` off the front of `value`.
bool take(std::string_view& value, std::string_view part) noexcept {
  if (value.substr(0, part.size()) != part) return false;
  value.remove_prefix(part.size());
  return true;
}

// Whether all the request's lines of that name, joined, are `value`; without joining them.
bool has_value(const Fields& request, std::string_view name, std::string_view value) noexcept {
  bool found = false;
  for (const Field& field : request) {
    if (!equals_ignoring_case(field.name, name)) continue;
    if (found && !take(value, ", ")) return false;
    if (!take(value, trim(field.value))) return false;
    found = true;
  }
  return found && value.empty();
}

bool has_field(const Fields& request, std::string_view name) noexcept {
  return std::any_of(request.begin(), request.end(),
                     [name](const Field& field) { return equals_ignoring_case(field.name, name); });
}

void append_selecting_line(std::string& lines, std::string_view name, const Fields& request) {
  for (const char c : name) lines += ascii_lower(c);
  bool found = false;
  for (const Field& field : request) {
    if (!equals_ignoring_case(field.name, name)) continue;
    lines += found ? ", " : ": ";
    lines += trim(field.value);
    found = true;
  }
  lines += "\r\n";
}

}  // namespace

std::string selecting_lines(std::string_view vary, const Fields& request) {
  std::string lines;
  for_each_element(vary, [&](std::string_view name) { append_selecting_line(lines, name, request); });
  return lines;
}

bool is_selected(std::string_view selecting_lines, const Fields& request) {
  while (!selecting_lines.empty()) {
    const std::size_t end = std::min(selecting_lines.find("\r\n"), selecting_lines.size());
    const std::string_view line = selecting_lines.substr(0, end);
    selecting_lines.remove_prefix(std::min(end + 2, selecting_lines.size()));
    const std::size_t colon = line.find(": ");
    if (line == "*") return false;
    if (colon == std::string_view::npos) {
      if (has_field(request, line)) return false;
    } else if (!has_value(request, line.substr(0, colon), line.substr(colon + 2))) {
      return false;
    }
  }
  return true;
}

}  // namespace edge::http
