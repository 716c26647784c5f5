#include "http/structured.h"

#include <algorithm>

#include "base/text.h"
#include "http/characters.h"

namespace edge::http {
namespace {

// RFC 8941 section 3.3.4: begins with a letter or '*'; ':' and '/' may follow.
bool is_sf_token(std::string_view text) noexcept {
  if (text.empty()) return false;
  const char first = ascii_lower(text.front());
  if (first != '*' && (first < 'a' || first > 'z')) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return is_in(kTokenCharacters, c) || c == ':' || c == '/'; });
}

bool is_lower_letter(char c) noexcept { return c >= 'a' && c <= 'z'; }

// RFC 8941 section 4.2, one function a production; each leaves the cursor behind what it has read, or fails.
class SfReader {
 public:
  explicit SfReader(std::string_view text) : rest_(text) {}

  bool read_dictionary(std::vector<SfMember>& members) {
    skip(" ");
    while (!rest_.empty()) {
      SfMember member;
      if (!read_key(member.key) || !read_value(member.item)) return false;
      put(members, std::move(member));
      skip(" \t");
      if (rest_.empty()) return true;
      if (!take(',')) return false;
      skip(" \t");
      if (rest_.empty()) return false;  // A comma at the end.
    }
    return true;
  }

 private:
  static void put(std::vector<SfMember>& members, SfMember member) {
    const auto same =
        std::find_if(members.begin(), members.end(), [&](const SfMember& known) { return known.key == member.key; });
    if (same == members.end()) {
      members.push_back(std::move(member));
    } else {
      same->item = std::move(member.item);
    }
  }

  bool read_value(SfItem& item) {
    if (!take('=')) return read_parameters();
    return (next() == '(' ? read_inner_list(item) : read_bare_item(item)) && read_parameters();
  }

  bool read_inner_list(SfItem& list) {
    list.type = SfType::InnerList;
    take('(');
    while (true) {
      skip(" ");
      if (take(')')) return true;
      SfItem item;
      if (!read_bare_item(item) || !read_parameters() || (next() != ' ' && next() != ')')) return false;
    }
  }

  bool read_parameters() {
    while (take(';')) {
      skip(" ");
      std::string key;
      SfItem value;
      if (!read_key(key) || (take('=') && !read_bare_item(value))) return false;
    }
    return true;
  }

  bool read_key(std::string& key) {
    if (!is_lower_letter(next()) && next() != '*') return false;
    while (is_lower_letter(next()) || is_digit(next()) || (next() != '\0' && kKeyMarks.find(next()) != kNone))
      move(key);
    return true;
  }

  bool read_bare_item(SfItem& item) {
    const char first = next();
    if (first == '"') return read_string(item);
    if (first == ':') return read_bytes(item);
    if (first == '?') return read_boolean(item);
    if (first == '-' || is_digit(first)) return read_number(item);
    return read_token(item);
  }

  bool read_number(SfItem& item) {
    const bool is_negative = take('-');
    std::string digits;
    while (is_digit(next())) move(digits);
    if (digits.empty() || digits.size() > 15) return false;
    if (next() == '.') {
      take('.');
      std::string fraction;
      while (is_digit(next())) move(fraction);
      item.type = SfType::Decimal;
      return digits.size() <= 12 && !fraction.empty() && fraction.size() <= 3;
    }
    item.type = SfType::Integer;
    for (const char digit : digits) item.integer = item.integer * 10 + (digit - '0');
    if (is_negative) item.integer = -item.integer;
    return true;
  }

  bool read_string(SfItem& item) {
    item.type = SfType::String;
    take('"');
    while (!rest_.empty()) {
      if (take('"')) return true;
      if (take('\\') && next() != '"' && next() != '\\') return false;
      if (rest_.empty() || is_control(next()) || static_cast<unsigned char>(next()) >= 0x80) return false;
      move(item.text);
    }
    return false;
  }

  bool read_token(SfItem& item) {
    item.type = SfType::Token;
    const char first = ascii_lower(next());
    if (!is_lower_letter(first) && first != '*') return false;
    while (!rest_.empty() && (is_in(kTokenCharacters, next()) || next() == ':' || next() == '/')) move(item.text);
    return true;
  }

  bool read_bytes(SfItem& item) {
    item.type = SfType::Bytes;
    take(':');
    const std::size_t end = rest_.find(':');
    if (end == kNone) return false;
    const std::string_view text = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return std::all_of(text.begin(), text.end(), [](char c) {
      return is_lower_letter(ascii_lower(c)) || is_digit(c) || c == '+' || c == '/' || c == '=';
    });
  }

  bool read_boolean(SfItem& item) {
    take('?');
    item.type = SfType::Boolean;
    item.boolean = next() == '1';
    return take('0') || take('1');
  }

  char next() const { return rest_.empty() ? '\0' : rest_.front(); }
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void move(std::string& to) {
    to += rest_.front();
    rest_.remove_prefix(1);
  }
  void skip(std::string_view characters) {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(characters), rest_.size()));
  }

  static constexpr std::size_t kNone = std::string_view::npos;
  static constexpr std::string_view kKeyMarks = "_-.*";
  std::string_view rest_;
};

}  // namespace

std::optional<std::vector<SfMember>> try_sf_dictionary(std::string_view text) {
  std::vector<SfMember> members;
  while (text.ends_with(' ')) text.remove_suffix(1);
  if (!SfReader(text).read_dictionary(members)) return std::nullopt;
  return members;
}

void append_sf_string(std::string& to, std::string_view text) {
  to += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') to += '\\';
    to += is_control(c) || static_cast<unsigned char>(c) >= 0x80 ? ' ' : c;
  }
  to += '"';
}

void append_sf_token_or_string(std::string& to, std::string_view text) {
  if (is_sf_token(text)) {
    to += text;
  } else {
    append_sf_string(to, text);
  }
}

}  // namespace edge::http
