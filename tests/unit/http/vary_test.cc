#include "http/vary.h"

#include "support/catch.h"

using namespace edge::http;

namespace {

Fields fields_of(std::initializer_list<std::pair<const char*, const char*>> pairs) {
  Fields fields;
  for (const auto& [name, value] : pairs) fields.add(name, value);
  return fields;
}

}  // namespace

TEST_CASE("the fields that Vary names are stored with the response", "[http][rfc9111-4.1]") {
  CHECK(selecting_lines("", fields_of({{"accept", "a"}})).empty());
  CHECK(selecting_lines("Accept, X-None", fields_of({{"ACCEPT", "a"}, {"b", "c"}, {"accept", " d "}})) ==
        "accept: a, d\r\nx-none\r\n");
}

TEST_CASE("a stored response is for requests with the same fields", "[http][rfc9111-4.1]") {
  const auto stored = selecting_lines("accept, x", fields_of({{"accept", "a, b"}}));
  CHECK(is_selected("", fields_of({{"accept", "z"}})));
  CHECK(is_selected(stored, fields_of({{"Accept", "a, b"}, {"other", "1"}})));
  CHECK(is_selected(stored, fields_of({{"Accept", "a"}, {"accept", "b"}})));
  CHECK_FALSE(is_selected(stored, fields_of({{"accept", "a"}})));
  CHECK_FALSE(is_selected(stored, fields_of({{"accept", "a, b, c"}})));
  CHECK_FALSE(is_selected(stored, fields_of({{"accept", "a, b"}, {"accept", "c"}})));
  CHECK_FALSE(is_selected(stored, fields_of({})));
  CHECK_FALSE(is_selected(stored, fields_of({{"accept", "a, b"}, {"x", ""}})));
}

TEST_CASE("an empty field is not an absent one", "[http][rfc9111-4.1]") {
  const auto stored = selecting_lines("x", fields_of({{"x", ""}}));
  CHECK(is_selected(stored, fields_of({{"x", ""}})));
  CHECK_FALSE(is_selected(stored, {}));
}

TEST_CASE("Vary: * selects nothing", "[http][rfc9111-4.1]") {
  CHECK_FALSE(is_selected(selecting_lines("accept, *", {}), {}));
}
