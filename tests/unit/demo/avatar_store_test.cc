#include "demo/avatar_store.h"

#include <string>

#include "support/catch.h"

namespace edge::demo {
namespace {

using namespace std::chrono_literals;

Picture file_of(std::string_view bytes) {
  Picture picture;
  picture.bytes.append(bytes);
  return picture;
}

struct TestStore {
  explicit TestStore(const AvatarStoreOptions& options = {}) : store(options, clock) {}

  std::string body(std::string_view avatar, std::uint32_t size) {
    return std::string((*store.picture(avatar, size))->body());
  }
  std::string tag(std::string_view avatar, std::uint32_t size) {
    return std::string((*store.picture(avatar, size))->entity_tag());
  }

  FakeClock clock;
  AvatarStore store;
};

TEST_CASE("an uploaded picture is kept as it came, for every size", "[demo]") {
  TestStore test;
  const auto change = test.store.upload("42", file_of("file"));
  REQUIRE(change);
  CHECK(change->version == 2);
  CHECK(change->is_first_upload);
  CHECK(test.body("42", 46) == "file");
  CHECK(test.body("42", 1080) == "file");
  CHECK(test.body("43", 46) != "file");
}

TEST_CASE("every change has a higher version, a deletion too", "[demo]") {
  TestStore test;
  CHECK(test.store.upload("42", file_of("a"))->version == 2);
  CHECK(test.store.upload("42", file_of("b"))->version == 3);
  CHECK(!test.store.upload("42", file_of("c"))->is_first_upload);
  CHECK(test.store.remove("42")->version == 5);
  CHECK(test.store.upload("42", file_of("d"))->is_first_upload);
  CHECK(test.store.remove("43")->version == 2);
}

TEST_CASE("a deleted picture gives way to an identicon that is not the first one", "[demo]") {
  TestStore test;
  const std::string first = test.body("42", 64);
  REQUIRE(test.store.upload("42", file_of("file")));
  REQUIRE(test.store.remove("42"));
  CHECK(test.body("42", 64) != "file");
  CHECK(test.body("42", 64) != first);
}

TEST_CASE("an entity tag names avatar, version and size, and the very file", "[demo][rfc9110-8.8.3]") {
  TestStore test;
  const std::string drawn = test.tag("42", 64);
  CHECK(drawn == "\"42-v1-64\"");
  CHECK(test.tag("42", 46) != drawn);
  REQUIRE(test.store.upload("42", file_of("file")));
  CHECK(test.tag("42", 64) != drawn);

  TestStore later_life;
  REQUIRE(later_life.store.upload("42", file_of("another")));
  CHECK(later_life.tag("42", 64) != test.tag("42", 64));
}

TEST_CASE("the date of a picture is that of its last change", "[demo][rfc9110-8.8.2]") {
  TestStore test;
  const auto born = (*test.store.picture("42", 64))->modified();
  test.clock.advance(90s);
  CHECK((*test.store.picture("42", 64))->modified() == born);
  CHECK((*test.store.picture("never asked for before", 64))->modified() == born);
  REQUIRE(test.store.upload("42", file_of("file")));
  CHECK((*test.store.picture("42", 64))->modified() == born + 90s);
  test.clock.advance(10s);
  REQUIRE(test.store.remove("42"));
  CHECK((*test.store.picture("42", 64))->modified() == born + 100s);
}

TEST_CASE("a picture drawn once is not drawn again", "[demo]") {
  TestStore test;
  CHECK(*test.store.picture("42", 64) == *test.store.picture("42", 64));
  TestStore without_room({.drawn_bytes_max = 0});
  CHECK(!(*without_room.store.picture("42", 64) == *without_room.store.picture("42", 64)));
}

TEST_CASE("uploads have a limit in bytes; replacing one counts the difference", "[demo]") {
  TestStore test({.uploads_bytes_max = 10});
  REQUIRE(test.store.upload("1", file_of("123456")));
  const auto refused = test.store.upload("2", file_of("12345"));
  REQUIRE(!refused);
  CHECK(refused.error().code == ErrorCode::Unavailable);
  CHECK(test.store.upload("1", file_of("1234567890")));
  CHECK(!test.store.upload("2", file_of("1")));
  REQUIRE(test.store.remove("1"));
  CHECK(test.store.upload("2", file_of("1234567890")));
}

TEST_CASE("avatars changed have a limit in number, and none of them is forgotten", "[demo]") {
  TestStore test({.changed_max = 2});
  REQUIRE(test.store.upload("1", file_of("a")));
  REQUIRE(test.store.remove("2"));
  CHECK(!test.store.upload("3", file_of("a")));
  CHECK(!test.store.remove("3"));
  CHECK(test.store.upload("2", file_of("b"))->version == 3);
}

TEST_CASE("a refused change changes nothing", "[demo]") {
  TestStore test({.uploads_bytes_max = 4});
  REQUIRE(test.store.upload("1", file_of("kept")));
  CHECK(!test.store.upload("1", file_of("too large")));
  CHECK(test.body("1", 64) == "kept");
  CHECK(test.store.remove("1")->version == 3);
}

}  // namespace
}  // namespace edge::demo
