#include "demo/avatar_route.h"

#include <string>

#include "demo/picture.h"
#include "support/catch.h"

namespace edge::demo {
namespace {

Resource resource_of(std::string_view target) { return route_of(target).resource; }

TEST_CASE("an avatar is named with or without a size", "[demo]") {
  const Route plain = route_of("/avatars/42");
  CHECK(plain.resource == Resource::Avatar);
  CHECK(plain.avatar == "42");
  CHECK(plain.size == kPictureSizeDefault);

  for (const std::uint32_t size : kPictureSizes) {
    const std::string target = "/avatars/a_B-9/" + std::to_string(size);
    const Route route = route_of(target);
    CHECK(route.resource == Resource::AvatarInSize);
    CHECK(route.avatar == "a_B-9");
    CHECK(route.size == size);
  }
}

TEST_CASE("a query and the absolute form of a target change nothing", "[demo][rfc9112-3.2.2]") {
  CHECK(route_of("/avatars/42?x=1/2").avatar == "42");
  CHECK(route_of("/avatars/42/64?x=1").size == 64);
  CHECK(route_of("http://edge.example:8080/avatars/42/64").avatar == "42");
  CHECK(resource_of("http://edge.example") == Resource::Wall);
  CHECK(resource_of("/?reload") == Resource::Wall);
  CHECK(resource_of("/favicon.ico") == Resource::Icon);
}

TEST_CASE("an avatar's ID is 1 to 64 letters, digits, - and _", "[demo]") {
  CHECK(resource_of("/avatars/" + std::string(64, 'x')) == Resource::Avatar);
  CHECK(resource_of("/avatars/" + std::string(65, 'x')) == Resource::None);
  for (const std::string_view id : {"", "a.b", "a%62", "a b", "\xc3\xa9", "a\"b", "a\r\nb"}) {
    CAPTURE(id);
    CHECK(resource_of("/avatars/" + std::string(id)) == Resource::None);
  }
}

TEST_CASE("sizes are those there are, written in one way", "[demo]") {
  for (const std::string_view size : {"", "0", "45", "047", "064", "+64", "64px", "64/", "99999999999999999999"}) {
    CAPTURE(size);
    CHECK(resource_of("/avatars/42/" + std::string(size)) == Resource::None);
  }
}

TEST_CASE("everything else is nowhere", "[demo]") {
  for (const std::string_view target : {"", "*", "/avatars", "/avatars/", "//avatars/42", "/avatar/42", "/wall"})
    CHECK(resource_of(target) == Resource::None);
}

}  // namespace
}  // namespace edge::demo
