#include "http/etag.h"

#include "support/catch.h"

using namespace edge::http;

TEST_CASE("an entity tag is a quoted text, weak or not", "[http][rfc9110-8.8.3]") {
  REQUIRE(try_entity_tag("\"a\\b\xe9\""));
  CHECK(try_entity_tag("\"a\"")->opaque == "\"a\"");
  CHECK_FALSE(try_entity_tag("\"a\"")->is_weak);
  CHECK(try_entity_tag("W/\"\"")->is_weak);
  for (const auto* text : {"", "a", "\"", "\"a", "a\"", "w/\"a\"", "W/a", "\"a b\"", "\"a\"b\"", "\"a\", \"b\"", "*"})
    CHECK_FALSE(try_entity_tag(text));
}

TEST_CASE("strong and weak comparison are those of the RFC's table", "[http][rfc9110-8.8.3.2]") {
  const EntityTag strong1{"\"1\"", false}, weak1{"\"1\"", true}, weak2{"\"2\"", true};
  CHECK_FALSE(is_strong_match(weak1, weak1));
  CHECK(is_weak_match(weak1, weak1));
  CHECK_FALSE(is_weak_match(weak1, weak2));
  CHECK_FALSE(is_strong_match(weak1, strong1));
  CHECK(is_weak_match(weak1, strong1));
  CHECK(is_strong_match(strong1, strong1));
}

TEST_CASE("If-None-Match lists entity tags", "[http][rfc9110-13.1.2]") {
  CHECK(is_listed("\"a\"", "\"a\""));
  CHECK(is_listed("\"a\"", "\"x\", W/\"a\""));
  CHECK(is_listed("W/\"a\"", " ,\"x\",,\t\"a\" ,"));
  CHECK(is_listed("\"a,b\"", "\"x\", \"a,b\""));
  CHECK(is_listed("\"b\"", "\"a\\\", \"b\""));  // A backslash is no escape.
  CHECK(is_listed("\"a\"", "*"));
  CHECK(is_listed("", "*"));
  CHECK(is_listed("plain", "\"x\", plain"));
  CHECK_FALSE(is_listed("\"a\"", ""));
  CHECK_FALSE(is_listed("\"a\"", "\"A\""));
  CHECK_FALSE(is_listed("\"a\"", "a"));
  CHECK_FALSE(is_listed("\"b\"", "\"a,\"b\",\""));
  CHECK_FALSE(is_listed("", "\"\""));
  CHECK_FALSE(is_listed("", "W/"));
  CHECK_FALSE(is_listed("\"a\"", "\"x\", *"));
}
