#include "admin/space_saving.h"

#include <algorithm>
#include <map>
#include <random>

#include "support/catch.h"

using namespace edge::admin;

namespace {

// A stream of names of which some come far more often than others, and what it really has of each.
struct Stream {
  Stream(unsigned seed, std::size_t length, std::uint32_t names) {
    std::mt19937 random(seed);
    for (std::size_t i = 0; i < length; ++i) {
      // The least of three: low numbers are likely.
      const auto number = std::min({random() % names, random() % names, random() % names});
      all.push_back("avatar-" + std::to_string(number));
      ++counts[all.back()];
    }
  }

  std::vector<std::string> all;
  std::map<std::string, std::uint64_t> counts;
};

void add_all(SpaceSaving& to, const Stream& stream) {
  for (const std::string& name : stream.all) to.add(name);
}

// Of names that have come so often: between what is promised.
void check_bounds(std::span<const CountedName> names, const std::map<std::string, std::uint64_t>& counts,
                  std::uint64_t error_max) {
  for (const CountedName& name : names) {
    INFO(name.name);
    const auto found = counts.find(name.name);
    REQUIRE(found != counts.end());
    CHECK(name.count >= found->second);
    CHECK(name.count - name.error_max <= found->second);
    CHECK(name.error_max <= error_max);
  }
}

bool has(std::span<const CountedName> names, std::string_view name) {
  return std::ranges::find(names, name, &CountedName::name) != names.end();
}

}  // namespace

TEST_CASE("with a place for each name all is exact", "[admin][hottest]") {
  const Stream stream(1, 5'000, 50);
  SpaceSaving counted(50);
  add_all(counted, stream);
  CHECK(counted.total() == 5'000);
  CHECK(counted.names().size() == stream.counts.size());
  check_bounds(counted.names(), stream.counts, 0);
}

TEST_CASE("no error is larger than the share of one place, and who comes more often is there", "[admin][hottest]") {
  const std::uint32_t names = GENERATE(40u, 400u, 100'000u);
  const std::size_t capacity = GENERATE(1, 2, 7, 32);
  const Stream stream(names + static_cast<unsigned>(capacity), 10'000, names);
  SpaceSaving counted(capacity);
  add_all(counted, stream);
  const std::uint64_t share = counted.total() / capacity;
  check_bounds(counted.names(), stream.counts, share);
  CHECK(counted.others_max() <= share);
  std::uint64_t sum = 0;
  for (const CountedName& name : counted.names()) sum += name.count;
  CHECK(sum == counted.total());
  for (const auto& [name, count] : stream.counts)
    if (count > counted.others_max()) CHECK(has(counted.names(), name));
}

TEST_CASE("what several have counted is bounded together", "[admin][hottest]") {
  constexpr std::size_t kCapacity = 32;
  std::vector<std::unique_ptr<SpaceSaving>> all;
  std::vector<const SpaceSaving*> counted;
  std::map<std::string, std::uint64_t> counts;
  std::uint64_t error_max = 0;
  for (unsigned i = 0; i < 3; ++i) {
    const Stream stream(i, 3'000 * (i + 1), 200);
    all.push_back(std::make_unique<SpaceSaving>(kCapacity));
    add_all(*all.back(), stream);
    counted.push_back(all.back().get());
    for (const auto& [name, count] : stream.counts) counts[name] += count;
    error_max += all.back()->total() / kCapacity;
  }
  const auto names = most_frequent(counted, 1'000);
  check_bounds(names, counts, error_max);
  for (const auto& [name, count] : counts)
    if (count > error_max) CHECK(has(names, name));
  CHECK(std::ranges::is_sorted(names, std::ranges::greater(), &CountedName::count));
  CHECK(most_frequent(counted, 5).size() == 5);
  CHECK(most_frequent(counted, 5)[4].name == names[4].name);
}

TEST_CASE("the most frequent come first, those that are alike by name", "[admin][hottest]") {
  SpaceSaving one(10), other(10);
  for (const char* name : {"b", "c", "a", "c"}) one.add(name);
  for (const char* name : {"c", "d", "d", ""}) other.add(name);
  const std::vector<const SpaceSaving*> both{&one, &other};
  const auto names = most_frequent(both, 4);
  REQUIRE(names.size() == 4);
  CHECK(names[0].name == "c");
  CHECK(names[0].count == 3);
  CHECK(names[1].name == "d");
  CHECK(names[2].name == "");
  CHECK(names[3].name == "a");
  CHECK(most_frequent({}, 4).empty());
}
