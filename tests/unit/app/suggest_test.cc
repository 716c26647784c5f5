#include "app/suggest.h"

#include <array>

#include "support/catch.h"

using namespace edge::app;

TEST_CASE("the distance of two words counts what is added, dropped, changed or swapped", "[app]") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("abc", "") == 3);
  CHECK(edit_distance("memory", "memory") == 0);
  CHECK(edit_distance("memroy", "memory") == 1);
  CHECK(edit_distance("memor", "memory") == 1);
  CHECK(edit_distance("memorry", "memory") == 1);
  CHECK(edit_distance("nemory", "memory") == 1);
  CHECK(edit_distance("kitten", "sitting") == 3);
}

TEST_CASE("letter case costs nothing", "[app]") { CHECK(edit_distance("Memory", "memORY") == 0); }

TEST_CASE("the nearest word is suggested, and none when all are far", "[app]") {
  constexpr std::array<std::string_view, 4> names{"memory", "object_max", "default_ttl", "negative_ttl"};
  CHECK(try_suggestion("memroy", names) == "memory");
  CHECK(try_suggestion("Memory", names) == "memory");
  CHECK(try_suggestion("negativ_ttl", names) == "negative_ttl");
  CHECK(try_suggestion("object-max", names) == "object_max");
  CHECK_FALSE(try_suggestion("bandwidth", names));
  CHECK_FALSE(try_suggestion("", names));
  CHECK_FALSE(try_suggestion(std::string(100'000, 'm'), names));
}

TEST_CASE("a short name is not suggested for an unrelated letter", "[app]") {
  constexpr std::array<std::string_view, 1> names{"x"};
  CHECK_FALSE(try_suggestion("y", names));
}
