#include "http/token_subject.h"

#include "support/catch.h"

using namespace edge::http;

namespace {

std::string base64url(std::string_view bytes) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  unsigned bits = 0, count = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    for (count += 8; count >= 6; count -= 6) text += kAlphabet[bits >> (count - 6) & 63];
  }
  if (count > 0) text += kAlphabet[bits << (6 - count) & 63];
  return text;
}

// Of a token with these claims; "-" where there is none.
std::string subject(std::string_view claims) {
  std::string scratch;
  const std::string field = "Bearer " + base64url(R"({"alg":"HS256"})") + "." + base64url(claims) + ".c2VhbA";
  return std::string(try_token_subject(field, scratch).value_or("-"));
}

}  // namespace

TEST_CASE("the subject of a token is its sub", "[http][rfc7519 4.1.2]") {
  CHECK(subject(R"({"sub":"user-42"})") == "user-42");
  CHECK(subject(R"({"iss":"https://a.example", "exp":1763800000, "sub" : "ann", "x":1})") == "ann");
  CHECK(subject(R"({"sub":12345,"x":1})") == "12345");
  CHECK(subject("\n{ \"a\" : true , \"sub\":\"\\\"q\\\"\" }") == "\\\"q\\\"");
}

TEST_CASE("only the outermost sub counts", "[http][rfc7519 4.1.2]") {
  CHECK(subject(R"({"act":{"sub":"mallory"},"sub":"ann"})") == "ann");
  CHECK(subject(R"({"list":[{"sub":"mallory"},["}"]],"note":"\"sub\":\"mallory\"","sub":"ann"})") == "ann");
  CHECK(subject(R"({"act":{"sub":"mallory"}})") == "-");
}

TEST_CASE("what is no token with a subject has none", "[http]") {
  for (const char* claims :
       {"", "{", "{}", "[]", "null", "{\"sub\"", "{\"sub\":", "{\"sub\":\"", "{\"sub\":\"\"}", "{\"sub\":null}",
        "{\"sub\":{}}", "{\"a\":[}", "{\"a\":\"", "{\"a\"", "{\"a\":,\"sub\":\"x\"}", "{\"a\":]", "{,"}) {
    CAPTURE(claims);
    CHECK(subject(claims) == "-");
  }
  std::string scratch;
  for (const char* field : {"", "Bearer", "Bearer ", "Bearer opaque", "Bearer a.b", "Bearer a.b c.d", "Basic a.e30.c",
                            "Bearer ..", "Bearer a.=.c"}) {
    CAPTURE(field);
    CHECK_FALSE(try_token_subject(field, scratch));
  }
}
