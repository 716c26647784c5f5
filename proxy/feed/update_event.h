// An update event: what an entry of the stream says (DESIGN.md section 5).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "redis/reply.h"

namespace edge::feed {

struct UpdateEvent {
  static constexpr std::size_t kAvatarBytesMax = 256;

  std::string avatar;
  std::optional<std::uint64_t> version{};
  bool is_delete = false;
  std::optional<std::uint64_t> at_ms{};  // UNIX time of the commit, by the publisher's clock: for measuring lag alone.
};

// From an entry's fields and values, alternating. The error says which field is wrong; fields that nobody knows are
// passed over, for publishers may be newer than we are.
Result<UpdateEvent> parse_update_event(const std::vector<redis::Reply>& fields);

// The words of the XADD that publishes it, and trims the stream to about `length_max` entries; 0: does not.
std::vector<std::string> xadd_words(std::string_view stream, const UpdateEvent& event, std::uint64_t length_max);

}  // namespace edge::feed
