// Percent-encoding (RFC 3986 section 2.1).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace edge::http {

// The byte that the escape at the front of `text` stands for ("%41..." is 'A'); nullopt when it is not an escape.
std::optional<char> try_escape(std::string_view text) noexcept;

// Appends "%41" for 'A'; hex digits in upper case (RFC 3986 section 6.2.2.1).
void append_escape(std::string& to, char byte);

// `text` with every escape decoded: a view into `text` when there is none, else into `scratch`, which it overwrites.
// What is not an escape stays as it is.
std::string_view percent_decoded(std::string_view text, std::string& scratch);

}  // namespace edge::http
