#include "feed/update_event.h"

#include "support/catch.h"

using namespace edge;
using namespace edge::feed;

namespace {

std::vector<redis::Reply> fields(const std::vector<std::string>& words) {
  std::vector<redis::Reply> replies;
  for (const std::string& word : words) replies.push_back({.kind = redis::Reply::Kind::Text, .text = word});
  return replies;
}

}  // namespace

TEST_CASE("an update event needs an avatar, and may have version, op and at", "[feed]") {
  const auto least = parse_update_event(fields({"avatar", "42"}));
  REQUIRE(least);
  CHECK(least->avatar == "42");
  CHECK_FALSE(least->version);
  CHECK_FALSE(least->is_delete);
  CHECK_FALSE(least->at_ms);
  const auto most = parse_update_event(
      fields({"at", "1763800000123", "op", "delete", "version", "18446744073709551615", "avatar", "ä b"}));
  REQUIRE(most);
  CHECK(most->avatar == "ä b");
  CHECK(most->version == UINT64_MAX);
  CHECK(most->is_delete);
  CHECK(most->at_ms == 1'763'800'000'123);
  CHECK_FALSE(parse_update_event(fields({"avatar", "42", "op", "update"}))->is_delete);
}

TEST_CASE("fields that nobody knows are passed over", "[feed]") {
  CHECK(parse_update_event(fields({"by", "somebody", "avatar", "42", "Version", "x"}))->avatar == "42");
}

TEST_CASE("an avatar may have any bytes, 1 to 256 of them", "[feed]") {
  CHECK(parse_update_event(fields({"avatar", std::string(256, 'a')})));
  CHECK(parse_update_event(fields({"avatar", std::string("\0\xff\r\n", 4)}))->avatar.size() == 4);
}

TEST_CASE("an event that is malformed says which field is wrong", "[feed]") {
  const std::pair<std::vector<std::string>, const char*> cases[] = {
      {{}, "avatar is missing"},
      {{"avatar"}, "avatar is missing"},
      {{"version", "5"}, "avatar is missing"},
      {{"Avatar", "42"}, "avatar is missing"},
      {{"avatar", ""}, "avatar must have 1 to 256 bytes"},
      {{"avatar", std::string(257, 'a')}, "avatar must have 1 to 256 bytes"},
      {{"avatar", "42", "version", ""}, "version must be"},
      {{"avatar", "42", "version", "-1"}, "version must be"},
      {{"avatar", "42", "version", "+1"}, "version must be"},
      {{"avatar", "42", "version", "1.5"}, "version must be"},
      {{"avatar", "42", "version", "0x10"}, "version must be"},
      {{"avatar", "42", "version", " 1"}, "version must be"},
      {{"avatar", "42", "version", "18446744073709551616"}, "version must be"},
      {{"avatar", "42", "op", ""}, "op must be"},
      {{"avatar", "42", "op", "UPDATE"}, "op must be"},
      {{"avatar", "42", "op", "insert"}, "op must be"},
      {{"avatar", "42", "at", "now"}, "at must be"},
      {{"avatar", "42", "at", "-5"}, "at must be"},
      {{"avatar", "", "avatar", "42"}, "avatar must have"},
  };
  for (const auto& [words, why] : cases) {
    const auto event = parse_update_event(fields(words));
    INFO(why);
    REQUIRE_FALSE(event);
    CHECK(event.error().code == ErrorCode::Malformed);
    CHECK(event.error().message.find(why) == 0);
  }
}

TEST_CASE("what is published reads as it was written", "[feed]") {
  const UpdateEvent events[] = {{.avatar = "42"},
                                {.avatar = "a b\r\n", .version = 0},
                                {.avatar = "42", .version = UINT64_MAX, .is_delete = true, .at_ms = 5}};
  for (const UpdateEvent& event : events) {
    const auto words = xadd_words("stream", event, 0);
    REQUIRE(words.size() >= 5);
    CHECK(std::vector<std::string>(words.begin(), words.begin() + 3) ==
          std::vector<std::string>{"XADD", "stream", "*"});
    const auto read = parse_update_event(fields({words.begin() + 3, words.end()}));
    REQUIRE(read);
    CHECK(read->avatar == event.avatar);
    CHECK(read->version == event.version);
    CHECK(read->is_delete == event.is_delete);
    CHECK(read->at_ms == event.at_ms);
  }
}

TEST_CASE("whoever publishes trims the stream, unless all is to be kept", "[feed]") {
  const auto words = xadd_words("stream", {.avatar = "42"}, 1000);
  CHECK(words ==
        std::vector<std::string>{"XADD", "stream", "MAXLEN", "~", "1000", "*", "avatar", "42", "op", "update"});
}
