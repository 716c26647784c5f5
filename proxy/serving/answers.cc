#include "serving/answers.h"

#include <string>

#include "base/text.h"
#include "frontend/error_response.h"
#include "http/conditional.h"

namespace edge::serving {
namespace {

// How long a client should wait before it tries again what we could not do now.
constexpr std::chrono::seconds kRetryAfter{1};

void append_own_lines(std::string& lines, const cache::StoredResponse& response, const http::CacheStatus& status,
                      Instant now) {
  if (const auto age = response.age(now); status.is_hit || age.count() > 0) {
    lines += "age: ";
    append_unsigned(lines, static_cast<std::uint64_t>(age.count()));
    lines += "\r\n";
  }
  lines += "via: 1.1 avatar-edge\r\ncache-status: ";
  http::append_cache_status(lines, status);
  lines += "\r\n";
}

// RFC 9110 section 15.4.5: a 304 repeats what a cache needs, and describes no body.
std::string not_modified_lines(const cache::StoredResponse& response) {
  std::string lines;
  for (const http::Field& field : http::parse_lines(response.fields())) {
    switch (field.id) {
      case http::FieldName::ContentType:
      case http::FieldName::ContentEncoding:
        break;
      default:
        http::append_line(lines, field.name, field.value);
    }
  }
  return lines;
}

}  // namespace

void answer_stored(frontend::Exchange& exchange, const Ref<const cache::StoredResponse>& response,
                   const http::CacheStatus& status, Instant now) {
  // Reused by every answer of this thread, so that a hit does not allocate.
  thread_local std::string more;
  more.clear();
  append_own_lines(more, *response, status, now);
  const http::RequestHead& request = exchange.request();
  const auto precondition = http::evaluate_preconditions(request.method, request.fields, response->status(),
                                                         response->etag(), response->last_modified());
  if (precondition == http::Precondition::NotModified) {
    const std::string lines = not_modified_lines(*response);
    exchange.respond({.status = 304, .fields = lines, .more_fields = more, .has_date = response->has_date()});
    return;
  }
  exchange.respond({.status = response->status(),
                    .fields = response->fields(),
                    .more_fields = more,
                    .has_date = response->has_date(),
                    .body = response->body(),
                    .owner = response});
}

void answer_origin_error(frontend::Exchange& exchange, http::ProxyError error, std::string_view detail,
                         http::ForwardReason reason) {
  std::string status;
  http::append_cache_status(status, {.forwarded = reason, .detail = http::to_text(error)});
  const std::uint16_t code = http::status_of(error);
  frontend::respond_error(exchange,
                          {.status = code,
                           .error = error,
                           .detail = detail,
                           .retry_after = code == 503 ? std::optional<std::chrono::seconds>{kRetryAfter} : std::nullopt,
                           .cache_status = status,
                           .log_detail = http::to_text(error)});
}

void answer_refusal(frontend::Exchange& exchange, std::uint16_t status, std::string_view detail) {
  frontend::respond_error(
      exchange, {.status = status,
                 .error = status == 503 ? http::ProxyError::ConnectionLimitReached : http::ProxyError::HttpRequestError,
                 .detail = detail,
                 .retry_after = status == 503 ? std::optional<std::chrono::seconds>{kRetryAfter} : std::nullopt,
                 .log_detail = detail});
}

}  // namespace edge::serving
