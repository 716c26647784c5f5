// The Cache-Status field (RFC 9211): what this cache did for a request.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace edge::http {

// The name of this cache in Cache-Status and Proxy-Status.
inline constexpr std::string_view kCacheName = "avatar-edge";

// Why the request went on to the origin (RFC 9211 section 2.2). None: it was a hit, or answered here.
enum class ForwardReason : std::uint8_t { None, Bypass, Method, UriMiss, VaryMiss, Miss, Request, Stale, Partial };

struct CacheStatus {
  bool is_hit = false;  // With ForwardReason::None only: the two exclude each other.
  ForwardReason forwarded = ForwardReason::None;
  std::optional<std::uint16_t> forward_status{};  // What the origin answered; 304 for a good revalidation.
  std::optional<std::chrono::seconds> ttl{};      // Of freshness left; negative: stale for so long.
  bool is_stored = false;
  bool is_collapsed = false;
  std::string_view detail{};  // Empty: none.
};

// Appends the value, "avatar-edge; hit; ttl=17". Allocates only where `to` has to grow.
void append_cache_status(std::string& to, const CacheStatus& status);

}  // namespace edge::http
