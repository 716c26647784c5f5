#include "http/token_subject.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/text.h"

namespace edge::http {
namespace {

constexpr std::int8_t kNoDigit = -1;

constexpr std::array<std::int8_t, 256> kDigits = [] {
  std::array<std::int8_t, 256> digits{};
  digits.fill(kNoDigit);
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  for (std::size_t i = 0; i < kAlphabet.size(); ++i)
    digits[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::int8_t>(i);
  return digits;
}();

// RFC 4648 section 5, without padding (RFC 7515 section 2).
bool decode_base64url(std::string_view text, std::string& to) {
  to.clear();
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    const std::int8_t digit = kDigits[static_cast<unsigned char>(c)];
    if (digit == kNoDigit) return false;
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    to += static_cast<char>(bits >> count & 0xFF);
  }
  return true;
}

// Finds the end of JSON values (RFC 8259) without judging what is inside.
class JsonScanner {
 public:
  explicit JsonScanner(std::string_view text) : rest_(text) {}

  bool take(char c) {
    skip_space();
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  // Between the quotes.
  std::optional<std::string_view> try_string() {
    if (!take('"')) return std::nullopt;
    for (std::size_t i = 0; i < rest_.size(); ++i) {
      if (rest_[i] == '\\') {
        ++i;
      } else if (rest_[i] == '"') {
        const std::string_view text = rest_.substr(0, i);
        rest_.remove_prefix(i + 1);
        return text;
      }
    }
    return std::nullopt;
  }

  std::optional<std::string_view> try_number() {
    skip_space();
    const std::string_view text = rest_.substr(0, rest_.find_first_not_of("+-.0123456789eE"));
    rest_.remove_prefix(text.size());
    return text.empty() ? std::nullopt : std::optional{text};
  }

  // A value of any kind.
  bool skip_value() {
    int depth = 0;
    do {
      skip_space();
      if (rest_.empty()) return false;
      const char c = rest_.front();
      if (c == '"') {
        if (!try_string()) return false;
      } else if (c == '{' || c == '[') {
        ++depth;
        rest_.remove_prefix(1);
      } else if (c == '}' || c == ']') {
        if (--depth < 0) return false;
        rest_.remove_prefix(1);
      } else if (c == ',' || c == ':') {
        if (depth == 0) return false;
        rest_.remove_prefix(1);
      } else {
        const std::string_view word = rest_.substr(0, rest_.find_first_of(",:{}[]\" \t\r\n"));
        rest_.remove_prefix(word.size());
      }
    } while (depth > 0);
    return true;
  }

 private:
  void skip_space() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size())); }

  std::string_view rest_;
};

std::optional<std::string_view> try_subject(std::string_view claims) {
  JsonScanner scanner(claims);
  if (!scanner.take('{')) return std::nullopt;
  do {
    const auto name = scanner.try_string();
    if (!name || !scanner.take(':')) return std::nullopt;
    if (*name == "sub") {
      const auto text = scanner.try_string();
      const auto subject = text ? text : scanner.try_number();
      return subject && !subject->empty() ? subject : std::nullopt;
    }
    if (!scanner.skip_value()) return std::nullopt;
  } while (scanner.take(','));
  return std::nullopt;
}

}  // namespace

std::optional<std::string_view> try_token_subject(std::string_view authorization, std::string& scratch) {
  constexpr std::string_view kScheme = "Bearer ";
  if (!equals_ignoring_case(authorization.substr(0, kScheme.size()), kScheme)) return std::nullopt;
  const std::string_view token = trim(authorization.substr(kScheme.size()));
  const std::size_t first = token.find('.');
  if (first == std::string_view::npos) return std::nullopt;
  const std::size_t second = token.find('.', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  if (!decode_base64url(token.substr(first + 1, second - first - 1), scratch)) return std::nullopt;
  return try_subject(scratch);
}

}  // namespace edge::http
