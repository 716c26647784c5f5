#include "verify/answer.h"

#include "support/catch.h"

using namespace edge;
using verify::Answer;
using verify::compare;
using verify::Likeness;

namespace {

Answer picture(std::optional<std::uint64_t> version, std::string etag, std::uint64_t body) {
  return {.kind = Answer::Kind::Picture, .status = 200, .version = version, .etag = std::move(etag), .body_hash = body};
}

Answer read(int status, std::vector<std::pair<std::string, std::string>> fields = {}) {
  http::ResponseHead head;
  head.status = static_cast<std::uint16_t>(status);
  for (const auto& [name, value] : fields) head.fields.add(name, value);
  return verify::read_answer(head, "X-Avatar-Version");
}

}  // namespace

TEST_CASE("a head tells version and validators", "[verify]") {
  const Answer answer = read(200, {{"x-avatar-version", "57"}, {"ETag", "\"a\""}, {"Last-Modified", "then"}});
  CHECK(answer.kind == Answer::Kind::Picture);
  CHECK((answer.version == 57u && answer.etag == "\"a\"" && answer.last_modified == "then"));
  CHECK_FALSE(read(200, {{"x-avatar-version", "new"}}).version);
}

TEST_CASE("what an error says of an avatar", "[verify]") {
  CHECK(read(404).kind == Answer::Kind::Absent);
  CHECK(read(410).kind == Answer::Kind::Absent);
  CHECK(read(302).kind == Answer::Kind::Other);
  for (const int status : {429, 500, 502, 503, 504}) CHECK_FALSE(read(status).is_usable());
}

TEST_CASE("versions decide where both have one", "[verify]") {
  CHECK(compare(picture(1, "\"a\"", 1), picture(2, "\"a\"", 1)) == Likeness::Older);
  CHECK(compare(picture(2, "\"a\"", 1), picture(1, "\"a\"", 1)) == Likeness::Newer);
  CHECK(compare(picture(2, "\"a\"", 1), picture(2, "\"b\"", 2)) == Likeness::Same);
}

TEST_CASE("else the ETag, weakly, and the same body is the same picture", "[verify]") {
  CHECK(compare(picture(1, "\"a\"", 1), picture({}, "W/\"a\"", 2)) == Likeness::Same);
  CHECK(compare(picture({}, "\"a\"", 1), picture({}, "\"b\"", 2)) == Likeness::Different);
  CHECK(compare(picture({}, "\"a\"", 1), picture({}, "\"b\"", 1)) == Likeness::Same);
  CHECK(compare(picture({}, "", 1), picture({}, "", 2)) == Likeness::Different);
}

TEST_CASE("two changes within the second of Last-Modified are told apart by the body", "[verify]") {
  Answer one = picture({}, "", 1), other = picture({}, "", 2);
  one.last_modified = other.last_modified = "Sun, 22 Nov 2026 22:30:03 GMT";
  CHECK(compare(one, other) == Likeness::Different);
  other.body_hash = {};  // Too large to be kept.
  CHECK(compare(one, other) == Likeness::Different);
  one.body_hash = {};
  CHECK(compare(one, other) == Likeness::Same);
  other.last_modified = "Sun, 22 Nov 2026 22:30:04 GMT";
  CHECK(compare(one, other) == Likeness::Different);
}

TEST_CASE("where nothing tells two pictures apart they are the same", "[verify]") {
  const Answer large{.kind = Answer::Kind::Picture, .status = 200};
  CHECK(compare(large, large) == Likeness::Same);
}

TEST_CASE("a deleted avatar is absent, whatever the page says", "[verify]") {
  CHECK(compare(read(404), read(410)) == Likeness::Same);
  CHECK(compare(read(404), picture(1, "", 1)) == Likeness::Different);
  CHECK(compare(read(302, {{"Location", "/a"}}), read(302, {{"Location", "/b"}})) == Likeness::Different);
}
