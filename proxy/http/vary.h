// Which of the responses to one URL a request gets (RFC 9111 section 4.1).
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "http/fields.h"

namespace edge::http {

// The request's fields that the response's Vary names, to be stored with the response: "name: value\r\n" each, lines of
// one name joined, and "name\r\n" where the request has none. Empty without Vary. `vary`: all its lines, joined by ",
// ".
//
// In a normal form, so that requests that mean the same have the same lines: no spaces around the members of a list;
// and of Accept, Accept-Charset, Accept-Encoding and Accept-Language, lower case, no ";q=1", the most wanted first and
// what is wanted alike in alphabetical order.
std::string selecting_lines(std::string_view vary, const Fields& request);

// Whether a response stored with these selecting lines is for this request: each field means the same, or is absent
// from both. "*" never matches. At once true for empty lines; does not allocate unless a field has several lines.
//
// `response`: the stored field lines. Where the one language that the request wants most is the response's
// Content-Language, the origin has nothing better for it, whatever else Accept-Language says (RFC 9110 section 12.5.4).
bool is_selected(std::string_view selecting_lines, const Fields& request, std::string_view response);

// An Accept that names, in their order, those of `types` (lower case) that this one names with a quality above 0, and
// then "*/*": what the origin gets to see where it varies on nothing else. Ranges such as image/* name nothing, for
// browsers send them without meaning it.
std::string reduced_accept(std::string_view accept, std::span<const std::string> types);

}  // namespace edge::http
