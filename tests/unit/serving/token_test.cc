#include "serving/token.h"

#include "support/catch.h"

using edge::serving::is_bearer;

TEST_CASE("a bearer of the token is let in", "[serving][rfc6750 2.1]") {
  CHECK(is_bearer("Bearer secret", "secret"));
  CHECK(is_bearer("bearer secret", "secret"));
  CHECK(is_bearer("BEARER   secret ", "secret"));
}

TEST_CASE("nobody else is", "[serving][rfc6750 2.1]") {
  for (const char* field : {"", "Bearer", "Bearer ", "Bearer secre", "Bearer secrets", "Bearer Secret", "Bearersecret",
                            "secret", "Basic secret", "Bearer secret secret", "Bearer \"secret\""})
    CHECK_FALSE(is_bearer(field, "secret"));
}

TEST_CASE("an empty token lets nobody in", "[serving]") {
  CHECK_FALSE(is_bearer("Bearer ", ""));
  CHECK_FALSE(is_bearer("", ""));
}
