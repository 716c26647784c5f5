// Requests for a simulated cache: drawn from a distribution, or read from a trace.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace edge::bench {

enum class EventKind : std::uint8_t { Request, Update };

struct StreamEvent {
  std::uint32_t key = 0;  // Index into Stream::sizes.
  EventKind kind = EventKind::Request;
};

struct Stream {
  std::string name;
  std::vector<StreamEvent> events;
  std::vector<std::uint32_t> sizes;  // Bytes of each key's response.
  std::uint64_t footprint = 0;       // Bytes of all keys that are requested at least once.
};

struct StreamOptions {
  double alpha = 0.9;           // Zipf: the n-th most popular key is asked for in proportion to n^-alpha.
  double one_hit_share = 0.30;  // Of all keys: in no ranking, asked for exactly once, anywhere in the stream.
  double drift = 1.0;           // Swaps of two ranks over the stream, for each ranked key.
  double update_share = 0.0;    // Updates for each request, of keys as popular as those asked for.
  std::uint64_t requests = 1'000'000;
  std::uint32_t keys = 100'000;  // Ranked keys.
  std::uint64_t seed = 1;
};

// The same options give the same stream.
Stream zipf_stream(const StreamOptions& options);

// Lines of `time,key,size` or `key,size` in the order of the requests; a first line naming the columns is skipped, and
// so is the time. A key whose size changes counts as updated. The error names file and line.
Result<Stream> parse_trace(const std::string& path);

}  // namespace edge::bench
