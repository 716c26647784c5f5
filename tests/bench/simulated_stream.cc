#include "simulated_stream.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <numeric>
#include <string_view>
#include <unordered_map>

#include "base/text.h"

namespace edge::bench {
namespace {

// SplitMix64 (Steele, Lea, Flood 2014). The distributions of <random> differ between standard libraries; these do not.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9e37'79b9'7f4a'7c15u;
    z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9u;
    z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11ebu;
    return z ^ (z >> 31);
  }
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(((next() >> 32) * bound) >> 32); }
  double normal() {  // Box and Muller.
    const double radius = std::sqrt(-2 * std::log(1 - unit()));
    return radius * std::cos(6.283185307179586 * unit());
  }

 private:
  std::uint64_t state_;
};

// Which rank is asked for: its share of the sum of n^-alpha.
class ZipfRanks {
 public:
  ZipfRanks(std::uint32_t ranks, double alpha) : cumulative_(ranks) {
    double sum = 0;
    for (std::uint32_t rank = 0; rank < ranks; ++rank) cumulative_[rank] = sum += std::pow(rank + 1.0, -alpha);
  }
  std::uint32_t draw(Random& random) const {
    const auto found = std::upper_bound(cumulative_.begin(), cumulative_.end(), random.unit() * cumulative_.back());
    return static_cast<std::uint32_t>(
        std::min<std::ptrdiff_t>(found - cumulative_.begin(), static_cast<std::ptrdiff_t>(cumulative_.size()) - 1));
  }

 private:
  std::vector<double> cumulative_;
};

// Avatars as they are: mostly thumbnails of a few KiB, one in seven a large picture. 1 to 300 KiB.
std::uint32_t avatar_bytes(Random& random) {
  const bool is_large = random.below(7) == 0;
  const double kib = is_large ? 90 * std::exp(0.5 * random.normal()) : 6 * std::exp(0.8 * random.normal());
  return static_cast<std::uint32_t>(std::clamp(kib, 1.0, 300.0) * 1024);
}

std::uint64_t footprint_of(const Stream& stream) {
  std::vector<bool> is_requested(stream.sizes.size());
  for (const StreamEvent& event : stream.events)
    if (event.kind == EventKind::Request) is_requested[event.key] = true;
  std::uint64_t bytes = 0;
  for (std::size_t key = 0; key < is_requested.size(); ++key)
    if (is_requested[key]) bytes += stream.sizes[key];
  return bytes;
}

std::string zipf_name(const StreamOptions& options) {
  char name[100];
  std::snprintf(name, sizeof name, "zipf %.2f, %.0f%% once, drift %g, updates %g%%", options.alpha,
                options.one_hit_share * 100, options.drift, options.update_share * 100);
  return name;
}

struct TraceLine {
  std::string_view key;
  std::uint32_t bytes;
};

Result<TraceLine> parse_trace_line(std::string_view line) {
  const std::size_t last = line.rfind(',');
  if (last == std::string_view::npos) return fail(ErrorCode::Malformed, "not 'key,size' or 'time,key,size'");
  std::string_view key = line.substr(0, last);
  if (const std::size_t first = key.find(','); first != std::string_view::npos) key.remove_prefix(first + 1);
  key = trim(key);
  if (key.empty() || key.find(',') != std::string_view::npos)
    return fail(ErrorCode::Malformed, "not 'key,size' or 'time,key,size'");
  const std::string_view size = trim(line.substr(last + 1));
  const auto bytes = try_unsigned(size);
  if (!bytes || *bytes == 0 || *bytes > UINT32_MAX)
    return fail(ErrorCode::Malformed, "not a size from 1 to 4294967295: '" + std::string(size) + "'");
  return TraceLine{key, static_cast<std::uint32_t>(*bytes)};
}

bool names_columns(std::string_view line) {
  const std::size_t last = line.rfind(',');
  return last != std::string_view::npos && equals_ignoring_case(trim(line.substr(last + 1)), "size");
}

}  // namespace

Stream zipf_stream(const StreamOptions& options) {
  Random random(options.seed);
  const double one_hits = options.one_hit_share / (1 - options.one_hit_share) * options.keys;
  const auto once_keys = static_cast<std::uint32_t>(std::min(one_hits, static_cast<double>(options.requests) / 2));

  Stream stream;
  stream.name = zipf_name(options);
  stream.sizes.resize(options.keys + once_keys);
  for (std::uint32_t& bytes : stream.sizes) bytes = avatar_bytes(random);
  stream.events.reserve(options.requests + options.requests / 16);

  const ZipfRanks ranks(options.keys, options.alpha);
  std::vector<std::uint32_t> key_of_rank(options.keys);
  std::iota(key_of_rank.begin(), key_of_rank.end(), 0u);
  const double swap_chance = options.drift * options.keys / static_cast<double>(options.requests);

  std::uint32_t once_left = once_keys;
  double swaps_due = 0;
  for (std::uint64_t left = options.requests; left > 0; --left) {
    for (swaps_due += swap_chance; swaps_due >= 1; --swaps_due)
      std::swap(key_of_rank[random.below(options.keys)], key_of_rank[random.below(options.keys)]);
    if (random.unit() < options.update_share)
      stream.events.push_back({key_of_rank[ranks.draw(random)], EventKind::Update});
    const bool is_once = random.unit() * static_cast<double>(left) < once_left;
    const std::uint32_t key = is_once ? options.keys + --once_left : key_of_rank[ranks.draw(random)];
    stream.events.push_back({key, EventKind::Request});
  }
  stream.footprint = footprint_of(stream);
  return stream;
}

Result<Stream> parse_trace(const std::string& path) {
  std::ifstream file(path);
  if (!file) return fail(ErrorCode::NotFound, path + ": " + std::strerror(errno));
  Stream stream;
  stream.name = path;
  std::unordered_map<std::string, std::uint32_t> key_of_name;
  std::string line;
  for (std::uint64_t number = 1; std::getline(file, line); ++number) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty() || (number == 1 && names_columns(line))) continue;
    const auto parsed = parse_trace_line(line);
    if (!parsed) return fail(ErrorCode::Malformed, path + ":" + std::to_string(number) + ": " + parsed.error().message);

    const auto next_key = static_cast<std::uint32_t>(stream.sizes.size());
    auto [known, is_new] = key_of_name.try_emplace(std::string(parsed->key), next_key);
    if (!is_new && stream.sizes[known->second] != parsed->bytes) {
      stream.events.push_back({known->second, EventKind::Update});
      known->second = next_key;
      is_new = true;
    }
    if (is_new) stream.sizes.push_back(parsed->bytes);
    stream.events.push_back({known->second, EventKind::Request});
  }
  if (stream.events.empty()) return fail(ErrorCode::Malformed, path + ": no requests");
  stream.footprint = footprint_of(stream);
  return stream;
}

}  // namespace edge::bench
