#include "base/log_line.h"

#include <algorithm>

#include "base/rfc3339.h"
#include "base/utf8.h"

namespace edge {
namespace {

std::string_view level_name(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::Debug:
      return "DEBUG";
    case LogLevel::Info:
      return "INFO";
    case LogLevel::Warning:
      return "WARNING";
    case LogLevel::Error:
      return "ERROR";
  }
  return "ERROR";
}

void append_escaped_byte(std::string& to, char byte) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const auto value = static_cast<unsigned char>(byte);
  to += "\\x";
  to += kHex[value >> 4];
  to += kHex[value & 0xF];
}

void append_escaped(std::string& to, std::string_view text) {
  while (!text.empty()) {
    const std::size_t bytes = utf8_character_bytes(text);
    const std::string_view character = text.substr(0, std::max<std::size_t>(bytes, 1));
    if (character == "\n")
      to += "\\n";
    else if (character == "\t")
      to += "\\t";
    else if (bytes == 0 || is_control_character(character))
      for (const char byte : character) append_escaped_byte(to, byte);
    else
      to += character;
    text.remove_prefix(character.size());
  }
}

}  // namespace

void append_log_line(std::string& to, WallTime time, LogLevel level, std::string_view event, std::string_view text) {
  to += Rfc3339(time).view();
  to += ' ';
  to += level_name(level);
  to += ' ';
  to += event;
  to += ' ';
  append_escaped(to, text.substr(0, kLogTextBytesMax));
  if (text.size() > kLogTextBytesMax) to += "…";
}

}  // namespace edge
