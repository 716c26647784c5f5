#include "verify/target_pattern.h"

#include "support/catch.h"

using edge::verify::TargetPattern;

namespace {

std::string filled(const std::string& pattern, std::string_view avatar, std::optional<std::string> variant = {}) {
  const auto parsed = TargetPattern::parse(pattern, variant);
  if (!parsed) return "unfit: " + parsed.error().message;
  return parsed->try_fill(avatar).value_or("none");
}

}  // namespace

TEST_CASE("an avatar is percent-encoded into its URL", "[verify]") {
  CHECK(filled("/avatars/{avatar}/96", "42") == "/avatars/42/96");
  CHECK(filled("/avatars/{avatar}", "a b%ü") == "/avatars/a%20b%25%C3%BC");
  CHECK(filled("/a/{avatar}/{variant}?dpr=2", "42", "96") == "/a/42/96?dpr=2");
}

TEST_CASE("an avatar that is named by its path is asked for by that", "[verify]") {
  CHECK(filled("/avatars/{avatar}/96", "/logo one.png") == "/logo%20one.png");
}

TEST_CASE("what no URL can name has none", "[verify]") {
  for (const auto* avatar : {"..", ".", "a/b", "a\\b", "/a/../b", "/a//b", "\x01"})
    CHECK(filled("/avatars/{avatar}/96", avatar) == "none");
}

TEST_CASE("a pattern that cannot be filled says why", "[verify]") {
  CHECK(filled("/avatars/96", "42") == "unfit: '/avatars/96': has no {avatar}");
  CHECK(filled("avatars/{avatar}", "42") == "unfit: 'avatars/{avatar}': must begin with '/'");
  CHECK(filled("/a/{avatar}/{variant}", "42").find("--variant 96") != std::string::npos);
  CHECK(filled("/a/{size}/{avatar}", "42").find("only {avatar} and {variant}") != std::string::npos);
  CHECK(filled("/a/{avatar}/*", "42").find("only {avatar} and {variant}") != std::string::npos);
}

TEST_CASE("of the routes, the first that can be filled", "[verify]") {
  const std::vector<std::string> usual{"/avatars/{avatar}/{variant}", "/avatars/{avatar}"};
  CHECK(TargetPattern::of_routes(usual, {})->try_fill("42") == "/avatars/42");
  CHECK(TargetPattern::of_routes(usual, "96")->try_fill("42") == "/avatars/42/96");
  CHECK_FALSE(TargetPattern::of_routes({usual[0]}, {}));
  CHECK_FALSE(TargetPattern::of_routes({usual[1]}, "96"));
}
