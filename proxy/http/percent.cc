#include "http/percent.h"

#include "base/text.h"

namespace edge::http {

std::optional<char> try_escape(std::string_view text) noexcept {
  if (text.size() < 3 || text[0] != '%') return std::nullopt;
  const int high = hex_value(text[1]);
  const int low = hex_value(text[2]);
  if (high < 0 || low < 0) return std::nullopt;
  return static_cast<char>(high * 16 + low);
}

void append_escape(std::string& to, char byte) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  const auto value = static_cast<unsigned char>(byte);
  to += '%';
  to += kDigits[value >> 4];
  to += kDigits[value & 15];
}

std::string_view percent_decoded(std::string_view text, std::string& scratch) {
  std::size_t escape = text.find('%');
  if (escape == std::string_view::npos) return text;
  scratch.clear();
  while (escape != std::string_view::npos) {
    scratch += text.substr(0, escape);
    text.remove_prefix(escape);
    const auto byte = try_escape(text);
    scratch += byte.value_or('%');
    text.remove_prefix(byte ? 3 : 1);
    escape = text.find('%');
  }
  scratch += text;
  return scratch;
}

}  // namespace edge::http
