// Priorities by PRIORITY_UPDATE for requests that have not begun (RFC 9218 section 7). Pure.
//
// nghttp2 1.52 would keep them as idle streams, which it frees and goes on using where the priorities of RFC 7540 are
// off: a client could end the process with them. So it only hands the frames on.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/http2_rules.h"

namespace edge::frontend {

// A member of its session.
class Http2Priorities {
 public:
  // What is more takes the place of the oldest.
  static constexpr std::size_t kMax = 100;

  // The request that will begin on that stream has this priority.
  void note(std::int32_t id, const Http2Priority& priority) {
    const auto known = std::ranges::find(noted_, id, &Noted::id);
    if (known != noted_.end()) {
      known->priority = priority;
      return;
    }
    if (noted_.size() == kMax) noted_.erase(noted_.begin());
    noted_.push_back({id, priority});
  }
  // It begins; so those before it never will (RFC 9113 section 5.1.1).
  std::optional<Http2Priority> take(std::int32_t id) {
    if (noted_.empty()) return std::nullopt;
    std::optional<Http2Priority> taken;
    if (const auto known = std::ranges::find(noted_, id, &Noted::id); known != noted_.end()) taken = known->priority;
    std::erase_if(noted_, [id](const Noted& noted) { return noted.id <= id; });
    return taken;
  }

 private:
  struct Noted {
    std::int32_t id;
    Http2Priority priority;
  };

  std::vector<Noted> noted_;
};

}  // namespace edge::frontend
