#include "serving/answers.h"

#include <string>

#include "base/hash.h"
#include "base/text.h"
#include "frontend/error_response.h"
#include "http/conditional.h"
#include "http/date.h"
#include "http/hop_by_hop.h"
#include "http/range.h"

namespace edge::serving {
namespace {

// How long a client should wait before it tries again what we could not do now.
constexpr std::chrono::seconds kRetryAfter{1};

void append_own_lines(std::string& lines, const cache::StoredResponse& response, const StoredAnswer& answer) {
  if (const auto age = response.age(answer.now); answer.status.is_hit || answer.is_held || age.count() > 0) {
    lines += "age: ";
    append_unsigned(lines, static_cast<std::uint64_t>(age.count()));
    lines += "\r\n";
  }
  lines += "via: 1.1 avatar-edge\r\ncache-status: ";
  http::append_cache_status(lines, answer.status);
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

std::optional<std::chrono::sys_seconds> date_of(const cache::StoredResponse& response, std::chrono::sys_seconds now) {
  const http::Fields fields = http::parse_lines(response.fields());
  const auto date = fields.single(http::FieldName::Date);
  return date ? http::try_http_date(*date, now) : std::nullopt;
}

// What If-Modified-Since is compared with: without Last-Modified it is the Date (RFC 9111 section 4.3.2).
std::optional<std::chrono::sys_seconds> last_modified(const http::RequestHead& request,
                                                      const cache::StoredResponse& response, WallTime now) {
  if (response.last_modified() || !request.fields.has(http::FieldName::IfModifiedSince))
    return response.last_modified();
  return date_of(response, std::chrono::floor<std::chrono::seconds>(now));
}

// Random for whoever has not this process's key, so that no body holds it.
std::string make_boundary(const cache::StoredResponse& response) {
  std::string boundary;
  append_unsigned(boundary, keyed_hash(response.url()));
  append_unsigned(boundary, keyed_hash(response.fields()));
  return boundary;
}

void answer_parts(frontend::Exchange& exchange, const Ref<const cache::StoredResponse>& response, std::string more,
                  std::vector<http::ByteRange> parts) {
  const http::Fields fields = http::parse_lines(response->fields());
  std::string lines;
  for (const http::Field& field : fields)
    if (field.id != http::FieldName::ContentType) http::append_line(lines, field.name, field.value);
  const http::ByterangesBody body(std::move(parts), response->body().size(), fields.value(http::FieldName::ContentType),
                                  make_boundary(*response));
  http::append_line(more, "content-type", body.content_type());
  exchange.start_response({.status = 206, .fields = lines, .more_fields = more, .has_date = true}, body.length());
  for (std::size_t i = 0; i < body.parts().size(); ++i) {
    exchange.write(body.part_head(i));
    exchange.write(response->body().substr(body.parts()[i].first, body.parts()[i].length()), response);
  }
  exchange.write(body.end());
  exchange.finish();
}

// False when the whole is to be answered. `more` holds the lines of this answer so far.
bool answer_range(frontend::Exchange& exchange, const Ref<const cache::StoredResponse>& response,
                  std::uint32_t parts_max, std::string& more) {
  http::RangedResponse about{.status = response->status(),
                             .body_bytes = response->body().size(),
                             .etag = response->etag(),
                             .last_modified = response->last_modified()};
  if (about.last_modified) about.date = date_of(*response, *about.last_modified);
  http::RangeAnswer range = http::evaluate_range(exchange.request(), about, parts_max);
  switch (range.kind) {
    case http::RangeKind::Whole:
      return false;
    case http::RangeKind::Unsatisfiable:
      http::append_content_range(more, std::nullopt, about.body_bytes);
      exchange.respond({.status = 416, .fields = "cache-control: no-store\r\n", .more_fields = more});
      return true;
    case http::RangeKind::Parts:
      break;
  }
  if (range.parts.size() > 1) {
    answer_parts(exchange, response, more, std::move(range.parts));
    return true;
  }
  const http::ByteRange part = range.parts.front();
  http::append_content_range(more, part, about.body_bytes);
  exchange.respond({.status = 206,
                    .fields = response->fields(),
                    .more_fields = more,
                    .has_date = true,
                    .body = response->body().substr(part.first, part.length()),
                    .owner = response});
  return true;
}

// The lines of this answer. Reused by every answer of this thread, so that a hit does not allocate.
std::string& lines_of(const cache::StoredResponse& response, const StoredAnswer& answer) {
  thread_local std::string more;
  more.clear();
  append_own_lines(more, response, answer);
  if (answer.own_lines) more += *answer.own_lines;
  return more;
}

// False where the request's conditions do not allow it.
bool answer_not_modified(frontend::Exchange& exchange, const cache::StoredResponse& response,
                         const StoredAnswer& answer, std::string_view more) {
  const http::RequestHead& request = exchange.request();
  const auto precondition =
      http::evaluate_preconditions(request.method, request.fields, response.status(), response.etag(),
                                   last_modified(request, response, answer.wall));
  if (precondition != http::Precondition::NotModified) return false;
  const std::string lines = not_modified_lines(response);
  exchange.respond({.status = 304, .fields = lines, .more_fields = more, .has_date = true});
  return true;
}

}  // namespace

void answer_stored(frontend::Exchange& exchange, const Ref<const cache::StoredResponse>& response,
                   const StoredAnswer& answer) {
  std::string& more = lines_of(*response, answer);
  if (answer_not_modified(exchange, *response, answer, more)) return;
  const http::RequestHead& request = exchange.request();
  if (request.fields.has(http::FieldName::Range) && answer_range(exchange, response, answer.range_parts_max, more))
    return;
  exchange.respond({.status = response->status(),
                    .fields = response->fields(),
                    .more_fields = more,
                    .has_date = true,
                    .body = response->body(),
                    .owner = response});
}

bool start_stored(frontend::Exchange& exchange, const Ref<const cache::StoredResponse>& head, std::uint64_t length,
                  const StoredAnswer& answer) {
  const std::string& more = lines_of(*head, answer);
  if (answer_not_modified(exchange, *head, answer, more)) return false;
  exchange.start_response({.status = head->status(), .fields = head->fields(), .more_fields = more, .has_date = true},
                          length);
  return true;
}

void send_interim(frontend::Exchange& exchange, const http::ResponseHead& head) {
  std::string lines;
  http::append_end_to_end_lines(lines, head.fields, {http::FieldName::ContentLength});
  exchange.send_interim(head.status, lines);
}

void answer_origin_error(frontend::Exchange& exchange, http::ProxyError error, std::string_view detail,
                         http::ForwardReason reason, std::optional<std::chrono::seconds> retry_after) {
  if (exchange.has_response_started() && !exchange.take_back()) {
    exchange.set_outcome(metrics::Outcome::Error, http::to_text(error));
    return exchange.abort();
  }
  std::string status;
  http::append_cache_status(status, {.forwarded = reason, .detail = http::to_text(error)});
  const std::uint16_t code = http::status_of(error);
  frontend::respond_error(exchange,
                          {.status = code,
                           .error = error,
                           .detail = detail,
                           .retry_after = code == 503 ? std::optional{retry_after.value_or(kRetryAfter)} : std::nullopt,
                           .cache_status = status,
                           .log_detail = http::to_text(error)});
}

// RFC 6585 section 4; draft-ietf-httpapi-ratelimit-headers-10. Retry-After has whole seconds, rounded up, so who keeps
// to it is not refused again.
void answer_too_often(frontend::Exchange& exchange, const RateRefusal& refusal) {
  const auto wait = std::max(std::chrono::ceil<std::chrono::seconds>(refusal.wait), std::chrono::seconds{1});
  std::string lines = "ratelimit-policy: ";
  lines.append(refusal.rule.policy_field).append("\r\nratelimit: \"").append(refusal.rule.name).append("\";r=0;t=");
  append_unsigned(lines, static_cast<std::uint64_t>(wait.count()));
  lines += "\r\n";
  const std::string detail = "too many requests; limit " + refusal.rule.name;
  frontend::respond_error(exchange, {.status = 429,
                                     .error = http::ProxyError::HttpRequestDenied,
                                     .detail = detail,
                                     .retry_after = wait,
                                     .more_fields = lines,
                                     .outcome = metrics::Outcome::Refused,
                                     .log_detail = refusal.rule.name});
}

void answer_bad_signature(frontend::Exchange& exchange, metrics::SignatureEnd why) {
  const std::string detail =
      std::string("signature ").append(metrics::kSignatureEndLabels[static_cast<std::size_t>(why)]);
  frontend::respond_error(exchange, {.status = 403,
                                     .error = http::ProxyError::HttpRequestDenied,
                                     .detail = detail,
                                     .outcome = metrics::Outcome::Refused,
                                     .log_detail = detail});
}

void answer_overload(frontend::Exchange& exchange) {
  frontend::respond_error(exchange, {.status = 503,
                                     .error = http::ProxyError::ProxyInternalResponse,
                                     .detail = "too much to do at the moment",
                                     .retry_after = kRetryAfter,
                                     .cache_status = "avatar-edge; detail=overload",
                                     .log_detail = "overload"});
}

void answer_refusal(frontend::Exchange& exchange, std::uint16_t status, std::string_view detail,
                    std::string_view more_fields) {
  frontend::respond_error(
      exchange, {.status = status,
                 .error = status == 503 ? http::ProxyError::ConnectionLimitReached : http::ProxyError::HttpRequestError,
                 .detail = detail,
                 .retry_after = status == 503 ? std::optional<std::chrono::seconds>{kRetryAfter} : std::nullopt,
                 .more_fields = more_fields,
                 .log_detail = detail});
}

}  // namespace edge::serving
