#include "admin/space_saving.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/check.h"

namespace edge::admin {

SpaceSaving::SpaceSaving(std::size_t capacity) : capacity_(capacity) {
  EDGE_CHECK(capacity > 0);
  names_.reserve(capacity);
  heap_.reserve(capacity);
  at_.reserve(capacity);
  places_.reserve(capacity);
}

void SpaceSaving::add(std::string_view name) {
  ++total_;
  if (const auto found = places_.find(name); found != places_.end()) {
    ++names_[found->second].count;
    return sink(at_[found->second]);
  }
  if (names_.size() < capacity_) {
    const std::size_t place = names_.size();
    names_.push_back({std::string(name), 1, 0});
    places_.emplace(names_.back().name, place);
    // Nothing has come less often, and whatever is above has come as often or goes down.
    heap_.push_back(place);
    at_.push_back(place);
    std::size_t at = place;
    for (; at > 0 && names_[heap_[(at - 1) / 2]].count > 1; at = (at - 1) / 2) put(at, heap_[(at - 1) / 2]);
    return put(at, place);
  }
  CountedName& least = names_[heap_.front()];
  places_.erase(least.name);
  least.name = name;
  least.error_max = least.count++;
  places_.emplace(least.name, heap_.front());
  sink(0);
}

// Counts only rise, so a place only goes down.
void SpaceSaving::sink(std::size_t at) {
  const std::size_t place = heap_[at];
  for (;;) {
    std::size_t below = 2 * at + 1;
    if (below >= heap_.size()) break;
    if (below + 1 < heap_.size() && names_[heap_[below + 1]].count < names_[heap_[below]].count) ++below;
    if (names_[heap_[below]].count >= names_[place].count) break;
    put(at, heap_[below]);
    at = below;
  }
  put(at, place);
}

void SpaceSaving::put(std::size_t at, std::size_t place) {
  heap_[at] = place;
  at_[place] = at;
}

std::vector<CountedName> most_frequent(std::span<const SpaceSaving* const> counted, std::size_t most) {
  std::uint64_t unseen_max = 0;
  for (const SpaceSaving* const one : counted) unseen_max += one->others_max();
  // Where a name is not counted it may have come as often as any that is not.
  struct Sum {
    std::uint64_t count = 0, error_max = 0, others_max = 0;
  };
  std::unordered_map<std::string_view, Sum> sums;
  for (const SpaceSaving* const one : counted)
    for (const CountedName& name : one->names()) {
      Sum& sum = sums[name.name];
      sum.count += name.count;
      sum.error_max += name.error_max;
      sum.others_max += one->others_max();
    }
  std::vector<CountedName> names;
  names.reserve(sums.size());
  for (const auto& [name, sum] : sums) {
    const std::uint64_t elsewhere_max = unseen_max - sum.others_max;
    names.push_back({std::string(name), sum.count + elsewhere_max, sum.error_max + elsewhere_max});
  }
  const auto end = names.begin() + static_cast<std::ptrdiff_t>(std::min(most, names.size()));
  std::partial_sort(names.begin(), end, names.end(), [](const CountedName& one, const CountedName& other) {
    return std::tie(other.count, one.error_max, one.name) < std::tie(one.count, other.error_max, other.name);
  });
  names.erase(end, names.end());
  return names;
}

}  // namespace edge::admin
