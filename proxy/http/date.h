// The dates of HTTP (RFC 9110 section 5.6.7).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace edge::http {

// All three forms: IMF-fixdate "Sun, 06 Nov 1994 08:49:37 GMT", RFC 850 "Sunday, 06-Nov-94 08:49:37 GMT" and asctime
// "Sun Nov  6 08:49:37 1994". Names in any case, as RFC 9111 section 4.2 asks of caches; nothing else is forgiven, and
// no other zone than GMT. The day's name need not be the right one. Second 60 is the first second of the next minute.
//
// `now` gives RFC 850's two digits their century: the latest year that is not more than 50 years ahead of it.
std::optional<std::chrono::sys_seconds> try_http_date(std::string_view text, std::chrono::sys_seconds now) noexcept;

// IMF-fixdate. Years before 0 or after 9999 are written as the nearest date that the form can hold.
void append_http_date(std::string& to, std::chrono::sys_seconds time);
std::string format_http_date(std::chrono::sys_seconds time);

}  // namespace edge::http
