// What is kept of a response's head, and what of it is for the request that asked alone.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "cache/stored_response.h"
#include "http/cache_control.h"
#include "http/freshness.h"
#include "http/message.h"
#include "serving/services.h"

namespace edge::serving {

// When a response was asked for and came.
struct ResponseTimes {
  Instant asked;
  Instant received;
  WallTime received_wall;
};

// Immutable; made from a head when it comes, or when a 304 has made a new one (RFC 9111 section 3.2).
class StoredHead {
 public:
  // `request`: the lines with which the origin was asked, from which Vary selects.
  StoredHead(const http::ResponseHead& head, const http::CacheControl& control, const ResponseTimes& times,
             std::string_view request, const ServingOptions& options);
  StoredHead(const StoredHead&) = delete;
  StoredHead& operator=(const StoredHead&) = delete;

  // Views into this.
  cache::StoredResponseParts parts(std::string_view url) const;
  // Field lines that must not be kept (private="…", no-cache="…", a cookie where the configuration strips it), but are
  // for whoever's request was sent. Empty for most.
  const std::string& unshared_lines() const { return unshared_lines_; }

 private:
  void set_apart(const http::CacheControl& control, const ServingOptions& options);

  const std::uint16_t status_;
  std::string lines_;
  std::string withheld_lines_;
  std::string unshared_lines_;
  std::string selecting_;
  std::string_view etag_;  // A part of lines_.
  std::optional<std::chrono::sys_seconds> last_modified_;
  std::optional<std::uint64_t> version_;
  const Instant born_at_;
  const http::FreshnessLifetime lifetime_;
  const http::StaleAllowance stale_;
};

}  // namespace edge::serving
