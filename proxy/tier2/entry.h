// A stored response as bytes in the tier: a version, a length and a checksum, then what there is.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cache/event_id.h"
#include "cache/stored_response.h"

namespace edge::tier2 {

// What goes with a response into the tier.
struct EntryNote {
  cache::EventId as_of;  // The last event that the node had applied when it asked the origin.
  Instant now;           // When it is put.
  Instant usable_until;  // When it is to be revalidated; no later than the response says.
};

std::string encode_entry(const cache::StoredResponse& response, const EntryNote& note);

struct Entry {
  Ref<const cache::StoredResponse> response;
  cache::EventId as_of;
};

// `in_tier`: for how long it was there, `now`: when that was over. Ages are told, not times, because no clock is
// compared. The error says what is wrong with the bytes; whatever they are, nothing but a response for that URL comes
// out.
Result<Entry> decode_entry(std::string_view bytes, std::string_view url, std::chrono::milliseconds in_tier, Instant now,
                           cache::MemoryBudget& budget);

}  // namespace edge::tier2
