// Structured fields (RFC 8941): what we write of them, and dictionaries, which we read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace edge::http {

enum class SfType : std::uint8_t { Integer, Decimal, String, Token, Bytes, Boolean, InnerList };

struct SfItem {
  SfType type = SfType::Boolean;
  std::int64_t integer = 0;  // Of an Integer.
  bool boolean = true;       // Of a Boolean.
  std::string text{};        // Of a String (unescaped) and of a Token.
};

struct SfMember {
  std::string key;
  SfItem item;
};

// A dictionary (RFC 8941 section 4.2.2), parameters left out, in the order in which its keys first stood; of a repeated
// key the last value counts. nullopt for what is malformed anywhere: the whole field is then to be ignored.
std::optional<std::vector<SfMember>> try_sf_dictionary(std::string_view text);

// An sf-string, quoted and escaped. Bytes that it may not hold become spaces.
void append_sf_string(std::string& to, std::string_view text);
// `text` as an sf-token where it is one, else as an sf-string.
void append_sf_token_or_string(std::string& to, std::string_view text);

}  // namespace edge::http
