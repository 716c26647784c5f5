#include "frontend/access_log.h"

#include <algorithm>
#include <string>

#include "base/rfc3339.h"
#include "base/text.h"
#include "base/utf8.h"

namespace edge::frontend {
namespace {

// \u0000 to \u00FF.
void append_unicode_escape(std::string& to, unsigned char value) {
  constexpr std::string_view kHex = "0123456789abcdef";
  to += "\\u00";
  to += kHex[value >> 4];
  to += kHex[value & 0xF];
}

constexpr bool needs_no_care(char c) noexcept { return c >= ' ' && c < '\x7F' && c != '"' && c != '\\'; }

// RFC 8259 section 7. Nearly all text needs no care and is copied in one piece.
void append_string(std::string& to, std::string_view text) {
  to += '"';
  for (;;) {
    const auto end = std::find_if_not(text.begin(), text.end(), needs_no_care);
    const auto plain_bytes = static_cast<std::size_t>(end - text.begin());
    to += text.substr(0, plain_bytes);
    text.remove_prefix(plain_bytes);
    if (text.empty()) break;
    const std::size_t bytes = utf8_character_bytes(text);
    const std::string_view character = text.substr(0, std::max<std::size_t>(bytes, 1));
    if (bytes == 0 || is_control_character(character)) {
      append_unicode_escape(to, static_cast<unsigned char>(character.back()));
    } else {
      if (character == "\"" || character == "\\") to += '\\';
      to += character;
    }
    text.remove_prefix(character.size());
  }
  to += '"';
}

// `opening` is everything up to the value: {"name": or ,"name":
void append_member(std::string& to, std::string_view opening, std::string_view text) {
  to += opening;
  append_string(to, text);
}
void append_member(std::string& to, std::string_view opening, std::uint64_t number) {
  to += opening;
  append_unsigned(to, number);
}

}  // namespace

void AccessLog::write(const AccessRecord& record) {
  thread_local std::string line;  // Keeps its room from one exchange to the next.
  line.clear();
  append_member(line, R"({"time":)", Rfc3339(record.time).view());
  append_member(line, R"(,"client":)", record.client);
  append_member(line, R"(,"method":)", record.method);
  append_member(line, R"(,"target":)", record.target);
  append_member(line, R"(,"protocol":)", record.protocol);
  append_member(line, R"(,"status":)", record.status);
  append_member(line, R"(,"bytes":)", record.bytes_sent);
  append_member(line, R"(,"outcome":)", metrics::kOutcomeLabels[static_cast<std::size_t>(record.outcome)]);
  if (!record.detail.empty()) append_member(line, R"(,"detail":)", record.detail);
  const auto duration = std::chrono::floor<std::chrono::microseconds>(record.duration);
  append_member(line, R"(,"duration_us":)", static_cast<std::uint64_t>(duration.count()));
  if (!record.complete) line += R"(,"complete":false)";
  append_member(line, R"(,"request_id":)", record.request_id);
  if (!record.trace_id.empty()) append_member(line, R"(,"trace_id":)", record.trace_id);
  line += '}';
  writer_.write(line);
}

}  // namespace edge::frontend
