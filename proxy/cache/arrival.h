// A response that is still coming: its head is known and its body grows, for all who wait for its fill.
//
// Whoever may have what the fill brings may have what it has brought so far. So a request gets one only as a waiter: by
// being told, or in the look that makes it one; what voids the fill later is later than those (PROTOCOL R1).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/shared.h"
#include "cache/stored_response.h"
#include "cache/waiter_id.h"
#include "http/proxy_error.h"

namespace edge::cache {

// Thread-safe. Written by the worker of its fill, read by those of the waiters.
class Arrival final : public Shared {
 public:
  struct About {
    Ref<const StoredResponse> head;                     // Without the body.
    std::uint64_t length;                               // The body's, not 0.
    Ref<const Shared> owner;                            // Of the memory into which it comes (charge_body).
    bool is_behind = false;                             // Older than an update event has said.
    std::shared_ptr<const std::string> leader_lines{};  // Field lines for the leader alone; null: none.
  };
  explicit Arrival(About about) : about_(std::move(about)) {}
  const About& about() const { return about_; }

  struct Part {
    std::string_view bytes{};                  // Kept by about().owner.
    std::optional<http::ProxyError> broken{};  // Why nothing more will come; none where it may.
  };
  // What has come of the body beyond `offset`. Where that is nothing, and it is not broken, `reader` is remembered, and
  // is among those whom the next grow() or break_off() names.
  Part read(std::uint64_t offset, WaiterId reader);

  // What has come by now; always a longer part of the same bytes. Answers whom to tell.
  [[nodiscard]] std::vector<WaiterId> grow(std::string_view body);
  // Where the body is not whole: it never will be. Answers whom to tell.
  [[nodiscard]] std::vector<WaiterId> break_off(http::ProxyError why);

 private:
  const About about_;
  Mutex mutex_;
  std::string_view body_ EDGE_GUARDED_BY(mutex_);
  std::optional<http::ProxyError> broken_ EDGE_GUARDED_BY(mutex_);
  std::vector<WaiterId> readers_ EDGE_GUARDED_BY(mutex_);
};

}  // namespace edge::cache
