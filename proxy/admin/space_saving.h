// Which names come most often in a stream of them, in little memory: Space-Saving (Metwally, Agrawal, El Abbadi:
// Efficient Computation of Frequent and Top-k Elements in Data Streams, 2005).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/hash.h"

namespace edge::admin {

// A name, and between how many and how many times it has come: count - error_max to count.
struct CountedName {
  std::string name;
  std::uint64_t count = 0;
  std::uint64_t error_max = 0;
};

// Counts `capacity` names at a time. One that is not counted takes the place of the one that has come least, and its
// count: it may have come so often before. So no error is larger than total() / capacity, every name that has come
// more often than that is here, and with no more names than places all is exact. Not thread-safe.
class SpaceSaving {
 public:
  explicit SpaceSaving(std::size_t capacity);
  SpaceSaving(const SpaceSaving&) = delete;
  SpaceSaving& operator=(const SpaceSaving&) = delete;

  void add(std::string_view name);

  std::uint64_t total() const { return total_; }
  // In no order.
  std::span<const CountedName> names() const { return names_; }
  // A name that is not here has come no more often.
  std::uint64_t others_max() const { return names_.size() < capacity_ ? 0 : names_[heap_.front()].count; }

 private:
  struct Hash {
    std::size_t operator()(std::string_view name) const noexcept { return keyed_hash(name); }
  };
  void sink(std::size_t at);
  void put(std::size_t at, std::size_t place);

  const std::size_t capacity_;
  std::uint64_t total_ = 0;
  std::vector<CountedName> names_;  // Never moves, because places_ refers to the names.
  std::vector<std::size_t> heap_;   // Of places; the least count first.
  std::vector<std::size_t> at_;     // Where in heap_ each place is.
  std::unordered_map<std::string_view, std::size_t, Hash> places_;
};

// Of the streams that these have counted, together: at most `most` names, those with the highest counts, highest first.
// Each error is no larger than those of all of them together.
std::vector<CountedName> most_frequent(std::span<const SpaceSaving* const> counted, std::size_t most);

}  // namespace edge::admin
