#include "serving/request_identity.h"

#include <array>

#include "http/trace_context.h"

namespace edge::serving {

using http::FieldName;

std::string identity_lines(frontend::Exchange& exchange) {
  std::string lines;
  http::append_line(lines, http::to_text(FieldName::XRequestId), exchange.request_id().view());
  http::append_trace_lines(lines, exchange.request().fields);
  return lines;
}

void use_identity(std::string& lines, std::string_view identity) {
  static const std::array<std::string, 3> kNames{std::string(http::to_text(FieldName::XRequestId)),
                                                 std::string(http::to_text(FieldName::Traceparent)),
                                                 std::string(http::to_text(FieldName::Tracestate))};
  http::remove_lines(lines, kNames);
  lines += identity;
}

}  // namespace edge::serving
