#include "serving/serving.h"

#include "serving/avatar_request.h"

namespace edge::serving {

Serving::Serving(const Parts& parts)
    : waiters_(parts.worker, parts.loop, parts.metrics),
      services_{parts.loop,        parts.cache,    parts.origin, parts.metrics, parts.invalidator,
                parts.directory,   waiters_,       fills_,       aftermath_,    parts.rates,
                parts.maintenance, parts.overload, parts.tier,   parts.options},
      pushes_(parts.loop, parts.cache, fills_, parts.metrics),
      fills_(services_),
      aftermath_(parts.loop) {
  parts.directory.add(waiters_);
  parts.pushes.add(pushes_);
  pushes_.set_concurrent_max(parts.options->pushes_max);
}

void Serving::reload(std::shared_ptr<const ServingOptions> options) {
  pushes_.set_concurrent_max(options->pushes_max);
  services_.options = std::move(options);
}

std::unique_ptr<frontend::ExchangeTask> Serving::start(frontend::Exchange& exchange) {
  auto request = std::make_unique<AvatarRequest>(services_, exchange);
  if (request->begin()) return nullptr;
  return request;
}

void Serving::shut_down() {
  fills_.cancel_all();
  aftermath_.clear();
}

}  // namespace edge::serving
