// Structured fields (RFC 8941), the little of them that we write.
#pragma once

#include <string>
#include <string_view>

namespace edge::http {

// An sf-string, quoted and escaped. Bytes that it may not hold become spaces.
void append_sf_string(std::string& to, std::string_view text);
// `text` as an sf-token where it is one, else as an sf-string.
void append_sf_token_or_string(std::string& to, std::string_view text);

}  // namespace edge::http
