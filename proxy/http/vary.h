// Which of the responses to one URL a request gets (RFC 9111 section 4.1).
#pragma once

#include <string>
#include <string_view>

#include "http/fields.h"

namespace edge::http {

// The request's fields that the response's Vary names, to be stored with the response: "name: value\r\n" each, lines of
// one name joined, and "name\r\n" where the request has none. Empty without Vary. `vary`: all its lines, joined by ",
// ".
std::string selecting_lines(std::string_view vary, const Fields& request);

// Whether a response stored with these selecting lines is for this request: each field is the same, spaces around its
// lines apart, or absent from both. "*" never matches. At once true for empty lines.
bool is_selected(std::string_view selecting_lines, const Fields& request);

}  // namespace edge::http
