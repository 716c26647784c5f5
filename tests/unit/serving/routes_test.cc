#include "serving/routes.h"

#include "support/catch.h"

using namespace edge::serving;

namespace {

std::string avatar_of(const std::vector<std::string>& patterns, std::string_view path) {
  const auto routes = parse_routes(patterns);
  REQUIRE(routes);
  std::string scratch;
  return std::string{routes->avatar_of(path, scratch).avatar};
}

std::string fault_of(const std::string& pattern) {
  const auto route = parse_route(pattern);
  return route ? "none" : route.error().message;
}

const std::vector<std::string> kUsual{"/avatars/{avatar}/{variant}", "/avatars/{avatar}", "/t/{avatar}/big/*"};

}  // namespace

TEST_CASE("the first route that matches names the avatar", "[serving]") {
  CHECK(avatar_of(kUsual, "/avatars/42/64.png") == "42");
  CHECK(avatar_of(kUsual, "/avatars/42") == "42");
  CHECK(avatar_of(kUsual, "/avatars/42/") == "42");
  CHECK(avatar_of(kUsual, "/avatars/42/64/") == "42");
  for (const auto* path : {"/t/7/big", "/t/7/big/", "/t/7/big/a", "/t/7/big/a/b/c"})
    CHECK(avatar_of(kUsual, path) == "7");
  CHECK(avatar_of({"/{x}/{avatar}", "/{avatar}/{x}"}, "/a/b") == "b");
  const auto routes = parse_routes(kUsual);
  std::string scratch;
  CHECK(routes->avatar_of("/avatars/42", scratch).route == &routes->routes()[1]);
}

TEST_CASE("a path that no route matches is an avatar of its own", "[serving]") {
  for (const auto* path : {"/", "/avatars", "/avatars/1/2/3", "/t/7/small", "/x/y"})
    CHECK(avatar_of(kUsual, path) == path);
  CHECK(avatar_of(kUsual, "/x/y/") == "/x/y");
  CHECK(avatar_of(kUsual, "/avatars/") == "/avatars");
  CHECK(avatar_of({}, "/x%20y") == "/x y");
  std::string scratch;
  CHECK(Routes{}.avatar_of("/x", scratch).route == nullptr);
}

TEST_CASE("an avatar's name is decoded", "[serving]") {
  CHECK(avatar_of(kUsual, "/avatars/a%20b/64") == "a b");
  CHECK(avatar_of(kUsual, "/avatars/%C3%A9%25") == "\xc3\xa9%");
  CHECK(avatar_of(kUsual, "/avatars/a%40b") == avatar_of(kUsual, "/avatars/a@b"));
  CHECK(avatar_of(kUsual, "/avatars/" + std::string(300, 'a')) == std::string(300, 'a'));
}

TEST_CASE("a name without escapes is a view into the path", "[serving]") {
  const auto routes = parse_routes(kUsual);
  const std::string_view path = "/avatars/42/64.png";
  std::string scratch = "untouched";
  CHECK(routes->avatar_of(path, scratch).avatar.data() == path.data() + 9);
  CHECK(scratch == "untouched");
}

TEST_CASE("literals are normalised like paths", "[serving]") {
  CHECK(avatar_of({"/%61/{avatar}"}, "/a/1") == "1");
  CHECK(avatar_of({"/a%c3%a9/{avatar}/"}, "/a%C3%A9/1") == "1");
}

TEST_CASE("a wrong route is named with the column and what is wrong", "[serving]") {
  CHECK(fault_of("/a/{avatar}/*") == "none");
  CHECK(fault_of("/a/{avtar}") == "route \"/a/{avtar}\", column 11: no {avatar} in the route");
  CHECK(fault_of("/{avatar}/{avatar}") == "route \"/{avatar}/{avatar}\", column 11: a second {avatar}");
  CHECK(fault_of("a/{avatar}").find("column 1: a route begins with '/'") != std::string::npos);
  CHECK(fault_of("").find("column 1: no {avatar}") != std::string::npos);
  CHECK(fault_of("/a//{avatar}").find("column 4: an empty segment") != std::string::npos);
  CHECK(fault_of("/*/{avatar}").find("column 2: '*' can only be the last") != std::string::npos);
  CHECK(fault_of("/a/{avatar}.png").find("column 4: a placeholder must fill") != std::string::npos);
  CHECK(fault_of("/a/{avatar").find("column 4: a placeholder must fill") != std::string::npos);
  CHECK(fault_of("/a/{}").find("column 5: a placeholder's name") != std::string::npos);
  CHECK(fault_of("/a/x{avatar}").find("column 5: '{' cannot stand") != std::string::npos);
  CHECK(fault_of("/a?b/{avatar}").find("column 3: '?' cannot stand") != std::string::npos);
  CHECK(fault_of("/./{avatar}").find("column 2: a dot segment") != std::string::npos);
  CHECK(fault_of("/../{avatar}").find("column 2") != std::string::npos);
  CHECK(fault_of("/a%2f/{avatar}").find("column 2: an escaped slash") != std::string::npos);
  const auto routes = parse_routes({"/{avatar}", "/x"});
  REQUIRE_FALSE(routes);
  CHECK(routes.error().message.rfind("number 2: route \"/x\"", 0) == 0);
}
