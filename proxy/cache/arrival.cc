#include "cache/arrival.h"

#include <utility>

#include "base/check.h"

namespace edge::cache {

Arrival::Part Arrival::read(std::uint64_t offset, WaiterId reader) {
  MutexLock lock(mutex_);
  if (offset < body_.size()) return {.bytes = body_.substr(static_cast<std::size_t>(offset))};
  if (!broken_) readers_.push_back(reader);
  return {.broken = broken_};
}

std::vector<WaiterId> Arrival::grow(std::string_view body) {
  MutexLock lock(mutex_);
  if (body.size() == body_.size()) return {};
  EDGE_CHECK(body.size() > body_.size() && body.size() <= about_.length);
  EDGE_CHECK(body_.empty() || body.data() == body_.data());
  body_ = body;
  return std::exchange(readers_, {});
}

std::vector<WaiterId> Arrival::break_off(http::ProxyError why) {
  MutexLock lock(mutex_);
  if (body_.size() == about_.length) return {};
  broken_ = why;
  return std::exchange(readers_, {});
}

}  // namespace edge::cache
