#include "http/fields.h"

#include <algorithm>

#include "base/text.h"

namespace edge::http {
namespace {

// Room for so many at first; an avatar's response has fewer.
constexpr std::size_t kFieldsExpected = 16;

}  // namespace

std::string_view Fields::value(FieldName id) const noexcept {
  if (has(id))
    for (const Field& field : fields_)
      if (field.id == id) return field.value;
  return {};
}

std::optional<std::string_view> Fields::single(FieldName id) const noexcept {
  std::optional<std::string_view> found;
  if (!has(id)) return found;
  for (const Field& field : fields_) {
    if (field.id != id) continue;
    if (found) return std::nullopt;
    found = field.value;
  }
  return found;
}

std::string Fields::combined(std::string_view name) const {
  std::string value;
  bool first = true;
  for (const Field& field : fields_) {
    if (!equals_ignoring_case(field.name, name)) continue;
    if (!first) value += ", ";
    value += field.value;
    first = false;
  }
  return value;
}

std::string Fields::combined(FieldName id) const { return has(id) ? combined(to_text(id)) : std::string{}; }

void append_line(std::string& lines, std::string_view name, std::string_view value) {
  constexpr std::string_view kBetween = ": ", kEnd = "\r\n";
  const std::size_t begin = lines.size();
  lines.resize(begin + name.size() + kBetween.size() + value.size() + kEnd.size());
  char* to = lines.data() + begin;
  to = std::transform(name.begin(), name.end(), to, ascii_lower);
  for (const std::string_view part : {kBetween, value, kEnd}) to = std::copy(part.begin(), part.end(), to);
}

void remove_lines(std::string& lines, std::span<const std::string> names) {
  const auto is_named = [names](std::string_view line) {
    const std::string_view name = line.substr(0, line.find(':'));
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  for (std::size_t start = 0; start < lines.size();) {
    const std::size_t end = std::min(lines.find("\r\n", start), lines.size() - 2) + 2;
    if (is_named(std::string_view(lines).substr(start, end - start))) {
      lines.erase(start, end - start);
    } else {
      start = end;
    }
  }
}

Fields parse_lines(std::string_view lines) {
  Fields fields;
  if (!lines.empty()) fields.reserve(kFieldsExpected);
  while (!lines.empty()) {
    const std::size_t end = lines.find("\r\n");
    const std::string_view line = lines.substr(0, end);
    if (const std::size_t colon = line.find(": "); colon != std::string_view::npos)
      fields.add(line.substr(0, colon), line.substr(colon + 2));
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 2);
  }
  return fields;
}

}  // namespace edge::http
