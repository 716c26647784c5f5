// What concerns one connection only and is not passed on (RFC 9110 section 7.6.1).
#pragma once

#include <initializer_list>
#include <string>

#include "http/fields.h"

namespace edge::http {

// Appends the lines of a message that go on to the next hop, in the form of append_line. Left out are
//   - Connection, Keep-Alive, Proxy-Connection, TE, Trailer, Transfer-Encoding, Upgrade, HTTP2-Settings;
//   - Proxy-Authenticate, Proxy-Authentication-Info, Proxy-Authorization: they are for the nearest proxy;
//   - what Connection names, except fields that this program acts on and others on which origins rely to know who asks
//     for what (Content-*, Accept*, X-Forwarded-*, X-Real-IP, Origin, Referer): naming those is an attack, not a wish;
//   - the fields in `also_dropped`;
//   - a field whose name is not a token.
// CR, LF and NUL in a value become spaces (RFC 9110 section 5.5), so no value can make a line of its own.
void append_end_to_end_lines(std::string& lines, const Fields& fields,
                             std::initializer_list<FieldName> also_dropped = {});

}  // namespace edge::http
