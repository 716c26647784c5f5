// The answers that serving gives, in one place: a stored response, and what says why there is none.
#pragma once

#include <cstdint>
#include <string_view>

#include "cache/memory_cache.h"
#include "frontend/exchange.h"
#include "http/cache_status.h"
#include "http/proxy_error.h"
#include "serving/rate_limiter.h"

namespace edge::serving {

struct StoredAnswer {
  http::CacheStatus status;
  Instant now;
  WallTime wall;
  std::uint32_t range_parts_max = 16;  // More parts of a body than these are not sent as parts; 0: none are.
  bool is_held = false;  // Used without validation though it is no hit: has an Age, even of 0 (RFC 9111 section 5.1).
  const std::string* own_lines = nullptr;  // More field lines, for this client alone; null: none.
};

// Answers GET or HEAD with a stored response: whole, or as the request's conditions and Range ask for it, with 304, 206
// or 416, in the order of RFC 9110 section 13.2.2.
void answer_stored(frontend::Exchange& exchange, const Ref<const cache::StoredResponse>& response,
                   const StoredAnswer& answer);

// The same where only the head is there: begins the answer, whose `length` bytes of body are to be written to the
// exchange as they come; then it is to be finished. False where it was answered with 304 instead, and nothing is left
// to do. Knows no Range.
bool start_stored(frontend::Exchange& exchange, const Ref<const cache::StoredResponse>& head, std::uint64_t length,
                  const StoredAnswer& answer);

// Passes on an interim response.
void send_interim(frontend::Exchange& exchange, const http::ResponseHead& head);

// Answers that the origin could not be had, also in place of an answer that has begun and that the client has seen
// nothing of; where it has, the answer is broken off. `detail` must name no machine of ours. `retry_after`: where it is
// known when to try again; with 503 alone.
void answer_origin_error(frontend::Exchange& exchange, http::ProxyError error, std::string_view detail,
                         http::ForwardReason reason, std::optional<std::chrono::seconds> retry_after = {});

// 429: the request comes too soon after others like it.
void answer_too_often(frontend::Exchange& exchange, const RateRefusal& refusal);

// 403: the URL must be signed, and is not, or no longer.
void answer_bad_signature(frontend::Exchange& exchange, metrics::SignatureEnd why);

// 503: this node has too much to do. Nobody else was asked.
void answer_overload(frontend::Exchange& exchange);

// A refusal of our own; `detail` is a constant.
void answer_refusal(frontend::Exchange& exchange, std::uint16_t status, std::string_view detail,
                    std::string_view more_fields = {});

}  // namespace edge::serving
