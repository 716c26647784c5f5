#include "cache/floor_table.h"

#include "support/catch.h"

using namespace edge;
using namespace edge::cache;

namespace {

Floor version(std::uint64_t number) { return {.version = number}; }
Floor event(std::uint64_t milliseconds) { return {.id = {milliseconds, 0}}; }

}  // namespace

TEST_CASE("a floor has the highest version named, and the newest event", "[cache][PROTOCOL R4]") {
  FloorTable floors(10);
  CHECK_FALSE(floors.find(1));
  floors.raise(1, {.id = {7, 1}, .version = 5, .raised_at = Instant{} + std::chrono::seconds{1}});
  floors.raise(1, {.id = {7, 0}, .version = 3, .raised_at = Instant{} + std::chrono::seconds{2}});
  floors.raise(1, {});  // An unsafe request: no event of the feed, no version.
  floors.raise(2, version(UINT64_MAX));
  floors.raise(3, version(0));
  floors.raise(4, event(1));
  REQUIRE(floors.find(1));
  CHECK(floors.find(1)->id == EventId{7, 1});
  CHECK(floors.find(1)->version == 5u);
  CHECK(floors.find(1)->raised_at == Instant{});
  CHECK(floors.find(2)->version == UINT64_MAX);
  CHECK(floors.find(3)->version == 0u);
  CHECK_FALSE(floors.find(4)->version);
  CHECK(floors.size() == 4);
}

TEST_CASE("a full table forgets the floor that was raised longest ago, and its mark says so", "[cache][PROTOCOL R12]") {
  FloorTable floors(3);
  CHECK(floors.mark() == EventId{});
  for (std::uint64_t avatar = 1; avatar <= 3; ++avatar) floors.raise(avatar, event(avatar));
  floors.raise(1, event(4));  // Now 2 is the oldest.
  CHECK(floors.mark() == EventId{});
  floors.raise(4, event(5));
  CHECK(floors.size() == 3);
  CHECK_FALSE(floors.find(2));
  CHECK(floors.find(1));
  CHECK(floors.mark() == EventId{2, 0});
  floors.raise(5, version(1));
  CHECK(floors.mark() == EventId{3, 0});
}

TEST_CASE("raising one floor over and over costs no memory", "[cache]") {
  FloorTable floors(2);
  floors.raise(1, version(1));
  const std::size_t bytes = floors.bytes();
  for (std::uint64_t number = 0; number < 1000; ++number) floors.raise(1, version(number));
  CHECK(floors.bytes() == bytes);
  floors.raise(2, version(1));
  CHECK(floors.find(1)->version == 999u);
}

TEST_CASE("a table of no floors knows none", "[cache]") {
  FloorTable floors(0);
  floors.raise(1, event(8));
  CHECK_FALSE(floors.find(1));
  CHECK(floors.size() == 0);
  CHECK(floors.mark() == EventId{8, 0});
}

TEST_CASE("in another life of the feed no floor is known, and the mark is where it begins", "[cache][PROTOCOL R10]") {
  FloorTable floors(3);
  floors.raise(1, event(9));
  floors.reset({4, 0});
  CHECK_FALSE(floors.find(1));
  CHECK(floors.mark() == EventId{4, 0});
  floors.raise(1, event(5));
  CHECK(floors.find(1)->id == EventId{5, 0});
}

TEST_CASE("an avatar that is for the origin alone stays so, whatever events come", "[cache][PROTOCOL R30]") {
  FloorTable floors(3);
  floors.note_purged(1);
  CHECK(floors.find(1)->is_only_origin());
  CHECK(floors.find(1)->id == EventId{});
  floors.raise(1, event(5));
  CHECK(floors.find(1)->is_only_origin());
  floors.raise(2, event(6));
  CHECK_FALSE(floors.find(2)->is_only_origin());
  floors.note_purged(2);
  CHECK(floors.find(2)->is_only_origin());
  CHECK(floors.find(2)->id == EventId{6, 0});
  CHECK(floors.size() == 2);
}

TEST_CASE("an avatar whose changes are unpublished is for the origin alone until all their events have come",
          "[cache][PROTOCOL R30]") {
  FloorTable floors(3);
  for (int i = 0; i < 2; ++i) floors.raise(1, {.unpublished = 1});
  floors.raise(1, event(5));  // Another's.
  floors.note_published(1, {7, 0});
  floors.note_published(2, {7, 0});  // One that is not known any more.
  CHECK(floors.find(1)->is_only_origin());
  floors.note_published(1, {6, 0});
  CHECK(floors.find(1)->is_only_origin());
  floors.raise(1, event(6));
  CHECK(floors.find(1)->is_only_origin());
  floors.raise(1, event(7));
  CHECK_FALSE(floors.find(1)->is_only_origin());
}

TEST_CASE("a full table forgets what is for the origin alone only where it holds nothing else, and says so",
          "[cache][PROTOCOL R12][PROTOCOL R30]") {
  FloorTable floors(2);
  floors.note_purged(1);
  for (std::uint64_t avatar = 2; avatar <= 4; ++avatar) floors.raise(avatar, event(avatar));
  CHECK(floors.find(1));
  CHECK(floors.find(4));
  CHECK(floors.mark() == EventId{3, 0});
  CHECK_FALSE(floors.has_forgotten_only_origin());
  floors.note_purged(5);
  CHECK_FALSE(floors.has_forgotten_only_origin());
  floors.note_purged(6);
  CHECK(floors.size() == 2);
  CHECK(floors.has_forgotten_only_origin());
}

TEST_CASE("in another life of the feed the avatars that are for the origin alone are still known",
          "[cache][PROTOCOL R10][PROTOCOL R30]") {
  FloorTable floors(3);
  floors.raise(1, {.id = {7, 0}, .version = 5, .unpublished = 1});
  floors.raise(2, event(9));
  floors.note_purged(3);
  floors.reset({4, 0});
  CHECK(floors.size() == 2);
  CHECK(floors.mark() == EventId{4, 0});
  REQUIRE(floors.find(1));
  CHECK(floors.find(1)->is_only_origin());
  CHECK(floors.find(1)->id == EventId{});
  CHECK_FALSE(floors.find(1)->version);
  CHECK(floors.find(3)->is_only_origin());
  floors.raise(5, event(5));
  floors.raise(6, event(6));  // The order in which they go is whole.
  CHECK_FALSE(floors.find(5));
  CHECK(floors.find(6));
  CHECK(floors.find(3));
}
