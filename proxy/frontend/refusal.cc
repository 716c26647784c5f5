#include "frontend/refusal.h"

#include "frontend/error_response.h"

namespace edge::frontend {

void count_refusal(const Refusal& refusal, metrics::WorkerMetrics& metrics) {
  if (refusal.limit) {
    metrics.limit_reached(*refusal.limit);
  } else {
    metrics.malformed_requests.add();
  }
}

void respond_refusal(Exchange& exchange, const Refusal& refusal) {
  const bool is_denied = refusal.status == 403;
  respond_error(exchange,
                {.status = refusal.status,
                 .error = is_denied ? http::ProxyError::HttpRequestDenied : http::ProxyError::HttpRequestError,
                 .detail = refusal.detail,
                 .outcome = is_denied ? metrics::Outcome::Refused : metrics::Outcome::Error,
                 .log_detail = refusal.detail});
}

}  // namespace edge::frontend
