#include "http/trace_context.h"

#include <algorithm>

#include "http/characters.h"

namespace edge::http {
namespace {

// Offsets in "VV-TTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTT-PPPPPPPPPPPPPPPP-FF".
constexpr std::size_t kTraceIdAt = 3;
constexpr std::size_t kTraceIdDigits = 32;
constexpr std::size_t kParentIdAt = 36;
constexpr std::size_t kParentIdDigits = 16;
constexpr std::size_t kFlagsAt = 53;
constexpr std::size_t kLength = 55;

bool is_hex(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_zero(std::string_view text) noexcept { return text.find_first_not_of('0') == std::string_view::npos; }

// A version that is not known yet may have more behind another dash (section 3.2.4).
bool has_length_of(std::string_view version, std::string_view traceparent) noexcept {
  return version == "00" ? traceparent.size() == kLength : traceparent.size() == kLength || traceparent[kLength] == '-';
}

}  // namespace

std::string_view trace_id_of(const Fields& fields) noexcept {
  if (!fields.has(FieldName::Traceparent)) return {};
  const std::string_view given = fields.single(FieldName::Traceparent).value_or(std::string_view{});
  if (given.size() < kLength) return {};
  const std::string_view version = given.substr(0, 2);
  const std::string_view trace_id = given.substr(kTraceIdAt, kTraceIdDigits);
  const std::string_view parent_id = given.substr(kParentIdAt, kParentIdDigits);
  const std::string_view flags = given.substr(kFlagsAt, 2);
  const bool has_dashes = given[2] == '-' && given[kParentIdAt - 1] == '-' && given[kFlagsAt - 1] == '-';
  const bool is_all_hex = is_hex(version) && is_hex(trace_id) && is_hex(parent_id) && is_hex(flags);
  if (!has_dashes || !is_all_hex || version == "ff" || is_zero(trace_id) || is_zero(parent_id)) return {};
  return has_length_of(version, given) && !has_line_breaker(given) ? trace_id : std::string_view{};
}

void append_trace_lines(std::string& lines, const Fields& fields) {
  if (trace_id_of(fields).empty()) return;
  append_line(lines, to_text(FieldName::Traceparent), fields.value(FieldName::Traceparent));
  const std::string tracestate = fields.combined(FieldName::Tracestate);
  if (!tracestate.empty() && !has_line_breaker(tracestate))
    append_line(lines, to_text(FieldName::Tracestate), tracestate);
}

}  // namespace edge::http
