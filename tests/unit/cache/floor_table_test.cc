#include "cache/floor_table.h"

#include "support/catch.h"

using namespace edge::cache;

TEST_CASE("a floor is the highest version named", "[cache][PROTOCOL R4]") {
  FloorTable floors(10);
  CHECK_FALSE(floors.find(1));
  floors.raise(1, 5);
  floors.raise(1, 3);
  floors.raise(2, UINT64_MAX);
  floors.raise(3, 0);
  CHECK(floors.find(1) == 5u);
  CHECK(floors.find(2) == UINT64_MAX);
  CHECK(floors.find(3) == 0u);
  floors.raise(1, 6);
  CHECK(floors.find(1) == 6u);
  CHECK(floors.size() == 3);
}

TEST_CASE("a full table forgets the floor that it has known longest", "[cache][PROTOCOL R12]") {
  FloorTable floors(3);
  for (std::uint64_t avatar = 1; avatar <= 4; ++avatar) floors.raise(avatar, 1);
  CHECK(floors.size() == 3);
  CHECK_FALSE(floors.find(1));
  CHECK(floors.find(2));
  CHECK(floors.find(4));
}

TEST_CASE("raising one floor over and over costs no memory", "[cache]") {
  FloorTable floors(2);
  floors.raise(1, 1);
  const std::size_t bytes = floors.bytes();
  for (std::uint64_t version = 0; version < 1000; ++version) floors.raise(1, version);
  CHECK(floors.bytes() == bytes);
  floors.raise(2, 1);
  CHECK(floors.find(1) == 999u);
}

TEST_CASE("a table of no floors knows none", "[cache]") {
  FloorTable floors(0);
  floors.raise(1, 1);
  CHECK_FALSE(floors.find(1));
  CHECK(floors.size() == 0);
}
