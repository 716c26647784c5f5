#include "cache/ghost_table.h"

#include <cstdint>
#include <optional>

#include "support/catch.h"

using edge::cache::GhostTable;

namespace {

// As different as the hashes of different keys.
std::uint64_t hash_of(std::uint64_t key) { return (key + 1) * 0xd6e8'feb8'6659'fd93u ^ (key << 17); }

std::size_t known_of(GhostTable& ghost, std::uint64_t from, std::uint64_t to) {
  std::size_t known = 0;
  for (std::uint64_t key = from; key < to; ++key) known += ghost.try_take(hash_of(key)).has_value();
  return known;
}

}  // namespace

TEST_CASE("a remembered key is known once", "[cache]") {
  GhostTable ghost;
  CHECK_FALSE(ghost.try_take(hash_of(1)));

  ghost.remember(hash_of(1), 10);
  CHECK_FALSE(ghost.try_take(hash_of(2)));
  CHECK(ghost.try_take(hash_of(1)));
  CHECK_FALSE(ghost.try_take(hash_of(1)));
}

TEST_CASE("a remembered key tells how many were remembered since", "[cache]") {
  GhostTable ghost;
  for (std::uint64_t key = 0; key < 5; ++key) ghost.remember(hash_of(key), 10);
  CHECK(ghost.try_take(hash_of(4)) == std::optional<std::uint32_t>{1});
  CHECK(ghost.try_take(hash_of(0)) == std::optional<std::uint32_t>{5});
}

TEST_CASE("at most the youngest keys up to the limit are known", "[cache]") {
  GhostTable ghost;
  for (std::uint64_t key = 0; key < 10'000; ++key) ghost.remember(hash_of(key), 1'000);
  CHECK(known_of(ghost, 0, 9'000) == 0);
  // A bucket can be full before the table is.
  CHECK(known_of(ghost, 9'000, 10'000) >= 950);
}

TEST_CASE("a smaller limit forgets at once", "[cache]") {
  GhostTable ghost;
  for (std::uint64_t key = 0; key < 100; ++key) ghost.remember(hash_of(key), 1'000);
  ghost.remember(hash_of(100), 3);
  CHECK(known_of(ghost, 0, 98) == 0);
  CHECK(known_of(ghost, 98, 101) == 3);
}

TEST_CASE("a limit of nothing remembers nothing and holds no memory", "[cache]") {
  GhostTable ghost;
  ghost.remember(hash_of(1), 10);
  ghost.remember(hash_of(2), 0);
  CHECK_FALSE(ghost.try_take(hash_of(1)));
  CHECK_FALSE(ghost.try_take(hash_of(2)));
  CHECK(ghost.bytes() == 0);
}

TEST_CASE("the table keeps what it knows while it grows, within 22 bytes a key", "[cache]") {
  GhostTable ghost;
  for (std::uint64_t key = 0; key < 20'000; ++key) {
    ghost.remember(hash_of(key), key + 1);
    REQUIRE(ghost.bytes() <= 22 * (key + 1) + 128);
  }
  CHECK(known_of(ghost, 0, 20'000) >= 18'500);
}

TEST_CASE("the table gives memory back where the limit falls, and keeps the youngest", "[cache]") {
  GhostTable ghost;
  for (std::uint64_t key = 0; key < 20'000; ++key) ghost.remember(hash_of(key), 20'000);
  const std::size_t before = ghost.bytes();
  for (std::uint64_t key = 20'000; key < 20'100; ++key) ghost.remember(hash_of(key), 1'000);
  CHECK(ghost.bytes() < before / 4);
  CHECK(known_of(ghost, 19'100, 20'100) >= 950);
}

TEST_CASE("hashes that agree in the bits which chose the shard do not crowd one bucket", "[cache]") {
  // Shards of a fixed bit pattern at the bottom, in the middle and at the top.
  const std::uint64_t fixed = GENERATE(0x3full, 0x3full << 26, 0x3full << 58);
  GhostTable ghost;
  for (std::uint64_t key = 0; key < 1'000; ++key) ghost.remember(hash_of(key) & ~fixed, 1'000);
  std::size_t known = 0;
  for (std::uint64_t key = 0; key < 1'000; ++key) known += ghost.try_take(hash_of(key) & ~fixed).has_value();
  CHECK(known >= 950);
}
