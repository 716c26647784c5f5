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
  CHECK(is_selected("", fields_of({{"accept", "z"}}), {}));
  CHECK(is_selected(stored, fields_of({{"Accept", "a, b"}, {"other", "1"}}), {}));
  CHECK(is_selected(stored, fields_of({{"Accept", "a"}, {"accept", "b"}}), {}));
  CHECK_FALSE(is_selected(stored, fields_of({{"accept", "a"}}), {}));
  CHECK_FALSE(is_selected(stored, fields_of({{"accept", "a, b, c"}}), {}));
  CHECK_FALSE(is_selected(stored, fields_of({{"accept", "a, b"}, {"accept", "c"}}), {}));
  CHECK_FALSE(is_selected(stored, fields_of({}), {}));
  CHECK_FALSE(is_selected(stored, fields_of({{"accept", "a, b"}, {"x", ""}}), {}));
}

TEST_CASE("an empty field is not an absent one", "[http][rfc9111-4.1]") {
  const auto stored = selecting_lines("x", fields_of({{"x", ""}}));
  CHECK(is_selected(stored, fields_of({{"x", ""}}), {}));
  CHECK_FALSE(is_selected(stored, {}, {}));
}

TEST_CASE("spaces and empty members between the members of a list mean nothing", "[http][rfc9110-5.6.1]") {
  const auto stored = selecting_lines("x", fields_of({{"x", "1,2"}}));
  CHECK(stored == "x: 1, 2\r\n");
  for (const auto* value : {"1, 2", " 1 ,\t2", "1,,2,"}) CHECK(is_selected(stored, fields_of({{"x", value}}), {}));
  for (const auto* value : {"2, 1", "1, 23", "1", "12", "1, 2, 2", "1 2", ""})
    CHECK_FALSE(is_selected(stored, fields_of({{"x", value}}), {}));
  const auto quoted = selecting_lines("x", fields_of({{"x", "\"a,b\", c"}}));
  CHECK_FALSE(is_selected(quoted, fields_of({{"x", "\"a, b\", c"}}), {}));
}

TEST_CASE("preferences are the same when they want the same", "[http][rfc9110-12.4.2]") {
  const auto stored = selecting_lines("accept-language", fields_of({{"accept-language", "de;q=0.5, EN , fr;q=1.0"}}));
  CHECK(stored == "accept-language: en, fr, de;q=0.5\r\n");
  for (const auto* value : {"en, fr, de;q=0.5", "fr,en;q=1,de ; q=0.5", "De;q=0.5, en, FR, fr"})
    CHECK(is_selected(stored, fields_of({{"accept-language", value}}), {}));
  for (const auto* value : {"en, fr", "en, fr, de", "en, fr, de;q=0.4", "en, de;q=0.5", "en, fr, de;q=0.5, nl"})
    CHECK_FALSE(is_selected(stored, fields_of({{"accept-language", value}}), {}));
}

TEST_CASE("equal preferences have equal lines", "[http][rfc9111-4.1]") {
  const auto lines = [](const char* value) { return selecting_lines("accept", fields_of({{"accept", value}})); };
  CHECK(lines("image/webp,image/png;q=0.8") == lines("IMAGE/PNG; q=0.8 , image/webp;q=1.000, image/webp"));
  CHECK(lines("text/html;level=1") != lines("text/html"));
  CHECK(lines("a/b;q=0.001, c/d;q=0.01") == "accept: c/d;q=0.01, a/b;q=0.001\r\n");
}

TEST_CASE("the language wanted most is served where it is held", "[http][rfc9110-12.5.4]") {
  const auto stored = selecting_lines("accept-language", fields_of({{"accept-language", "en, de"}}));
  const std::string_view german = "content-language: de\r\n";
  CHECK(is_selected(stored, fields_of({{"accept-language", "fr;q=0.5, DE;q=0.9"}}), german));
  CHECK_FALSE(is_selected(stored, fields_of({{"accept-language", "fr;q=0.5, de;q=0.4"}}), german));
  CHECK_FALSE(is_selected(stored, fields_of({{"accept-language", "fr, de"}}), german));
  CHECK_FALSE(is_selected(stored, fields_of({{"accept-language", "de;q=0"}}), german));
  CHECK_FALSE(is_selected(stored, fields_of({{"accept-language", "de"}}), "content-language: de, en\r\n"));
  CHECK_FALSE(is_selected(stored, fields_of({}), german));
}

TEST_CASE("Accept is reduced to the types that it names", "[http][rfc9110-12.5.1]") {
  const std::vector<std::string> types{"image/avif", "image/webp"};
  CHECK(reduced_accept("image/webp, text/html, IMAGE/avif;q=0.1", types) == "image/avif, image/webp, */*");
  CHECK(reduced_accept("image/*, */*;q=0.8", types) == "*/*");
  CHECK(reduced_accept("image/webp;q=0", types) == "*/*");
  CHECK(reduced_accept("", types) == "*/*");
}

TEST_CASE("Vary: * selects nothing", "[http][rfc9111-4.1]") {
  CHECK_FALSE(is_selected(selecting_lines("accept, *", {}), {}, {}));
}
