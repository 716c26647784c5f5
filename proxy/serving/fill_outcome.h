// What becomes of a fill, for those who wait for it: that its response begins to arrive, and how it ended.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "base/shared.h"
#include "cache/memory_cache.h"
#include "http/proxy_error.h"

namespace edge::serving {

// There is something of the response, or more of it, or it is known that no more will come. Who does not take it as it
// comes goes on waiting for the end.
struct Arriving {
  Ref<cache::Arrival> arrival;
};
// A response for everyone whom Vary lets have it.
struct Filled {
  Ref<const cache::StoredResponse> response;
  cache::StoreVerdict verdict;
  bool is_stored = false;  // False for an error of the origin's as well, which is shared but not kept.
  // What the origin answered; 304: the response was revalidated. None: no answer was to be had.
  std::optional<std::uint16_t> forward_status{};
  std::shared_ptr<const std::string> leader_lines{};  // Field lines for the leader alone; null: none.
  Instant usable_until{};  // When it is to be revalidated; earlier than the response says soon after an update.
  bool is_from_tier = false;
  bool is_stand_in = false;  // A stale response in place of an error or of no answer (RFC 5861 section 4).
};
// The response is not to be shared: ask for yourself.
struct NotShared {};
// `detail` goes to clients: it names no machine of ours. The log has the rest.
struct FillFailed {
  http::ProxyError error;
  std::string detail;
  std::optional<std::chrono::seconds> retry_after{};  // For 503, where it is known.
};
// The fill that ended had begun before you asked, which without a lease is too early (PROTOCOL R15): look again.
struct LookAgain {};
using FillOutcome = std::variant<Arriving, Filled, NotShared, FillFailed, LookAgain>;

}  // namespace edge::serving
