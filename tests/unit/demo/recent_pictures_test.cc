#include "demo/recent_pictures.h"

#include "support/catch.h"

namespace edge::demo {
namespace {

Ref<const ServedPicture> picture_of(std::size_t bytes) {
  Picture picture;
  picture.bytes.append(std::string(bytes, 'x'));
  return Ref<const ServedPicture>(new ServedPicture(std::move(picture), {.entity_tag = "\"x\"", .modified = {}}));
}

TEST_CASE("of drawn pictures the one asked for least lately goes first", "[demo]") {
  RecentPictures pictures(30);
  for (const char* name : {"a", "b", "c"}) pictures.add(name, picture_of(10));
  CHECK(pictures.find("a"));
  pictures.add("d", picture_of(10));
  CHECK(pictures.find("a"));
  CHECK(!pictures.find("b"));
  CHECK(pictures.find("c"));
  CHECK(pictures.find("d"));
  CHECK(pictures.bytes() == 30);
}

TEST_CASE("a picture may push out several, and one that no room can hold pushes out none", "[demo]") {
  RecentPictures pictures(30);
  for (const char* name : {"a", "b", "c"}) pictures.add(name, picture_of(10));
  pictures.add("too large", picture_of(31));
  CHECK(pictures.bytes() == 30);
  pictures.add("large", picture_of(25));
  CHECK(pictures.bytes() == 25);
  CHECK(pictures.find("large"));
  CHECK(!pictures.find("c"));
}

}  // namespace
}  // namespace edge::demo
