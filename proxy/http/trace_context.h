// W3C Trace Context: by which a request is found again in the traces of everybody it went through.
#pragma once

#include <string>
#include <string_view>

#include "http/fields.h"

namespace edge::http {

// The trace id that traceparent names: 32 hex digits. Empty where there is no traceparent, where there are several, or
// where it is malformed (section 3.2): what follows from none of them. A view into the fields.
std::string_view trace_id_of(const Fields& fields) noexcept;

// The lines that go on to the next hop, in the form of append_line: traceparent as it came, and tracestate with it.
// Nothing where the traceparent is not there or malformed, for then tracestate means nothing either (section 3.3).
void append_trace_lines(std::string& lines, const Fields& fields);

}  // namespace edge::http
