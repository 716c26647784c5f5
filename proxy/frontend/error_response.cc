#include "frontend/error_response.h"

#include <string>

#include "base/text.h"
#include "http/cache_status.h"

namespace edge::frontend {

void respond_error(Exchange& exchange, const ErrorResponse& error) {
  std::string fields = "content-type: text/plain; charset=utf-8\r\ncache-control: no-store\r\ncache-status: ";
  fields += error.cache_status;
  fields += "\r\nproxy-status: ";
  http::append_proxy_status(fields, error.error, error.detail);
  const RequestId id = exchange.request_id();
  fields.append("\r\nx-request-id: ").append(id.view()) += "\r\n";
  if (error.retry_after) {
    fields += "retry-after: ";
    append_unsigned(fields, static_cast<std::uint64_t>(error.retry_after->count()));
    fields += "\r\n";
  }
  std::string body;
  append_unsigned(body, error.status);
  body.append(" ").append(http::reason_phrase(error.status)).append(": ").append(error.detail);
  body.append("\nrequest ").append(id.view()).append("\n");
  exchange.set_outcome(error.outcome, error.log_detail);
  exchange.respond({.status = error.status, .fields = fields, .more_fields = error.more_fields, .body = body});
}

}  // namespace edge::frontend
