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

void answer_parts(frontend::Exchange& exchange, const cache::StoredResponse& response, std::string more,
                  std::vector<http::ByteRange> parts) {
  const http::Fields fields = http::parse_lines(response.fields());
  std::string lines;
  for (const http::Field& field : fields)
    if (field.id != http::FieldName::ContentType) http::append_line(lines, field.name, field.value);
  const http::ByterangesBody body(std::move(parts), response.body().size(), fields.value(http::FieldName::ContentType),
                                  make_boundary(response));
  http::append_line(more, "content-type", body.content_type());
  exchange.start_response({.status = 206, .fields = lines, .more_fields = more, .has_date = true}, body.length());
  // Copied, but bounded: no part touches another, so together they are no more than the body.
  for (std::size_t i = 0; i < body.parts().size(); ++i) {
    exchange.write(body.part_head(i));
    exchange.write(response.body().substr(body.parts()[i].first, body.parts()[i].length()));
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
    answer_parts(exchange, *response, more, std::move(range.parts));
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

}  // namespace

void answer_stored(frontend::Exchange& exchange, const Ref<const cache::StoredResponse>& response,
                   const StoredAnswer& answer) {
  // Reused by every answer of this thread, so that a hit does not allocate.
  thread_local std::string more;
  more.clear();
  append_own_lines(more, *response, answer);
  if (answer.own_lines) more += *answer.own_lines;
  const http::RequestHead& request = exchange.request();
  const auto precondition =
      http::evaluate_preconditions(request.method, request.fields, response->status(), response->etag(),
                                   last_modified(request, *response, answer.wall));
  if (precondition == http::Precondition::NotModified) {
    const std::string lines = not_modified_lines(*response);
    exchange.respond({.status = 304, .fields = lines, .more_fields = more, .has_date = true});
    return;
  }
  if (request.fields.has(http::FieldName::Range) && answer_range(exchange, response, answer.range_parts_max, more))
    return;
  exchange.respond({.status = response->status(),
                    .fields = response->fields(),
                    .more_fields = more,
                    .has_date = true,
                    .body = response->body(),
                    .owner = response});
}

void send_interim(frontend::Exchange& exchange, const http::ResponseHead& head) {
  std::string lines;
  http::append_end_to_end_lines(lines, head.fields, {http::FieldName::ContentLength});
  exchange.send_interim(head.status, lines);
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
