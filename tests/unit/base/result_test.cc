#include "base/result.h"

#include <memory>
#include <string>

#include "support/catch.h"

using namespace edge;

TEST_CASE("a result is a value or an error", "[base]") {
  const Result<int> good = 7;
  REQUIRE(good);
  CHECK(good.has_value());
  CHECK(*good == 7);

  const Result<int> bad = fail(ErrorCode::TimedOut, "the origin was late");
  REQUIRE_FALSE(bad);
  CHECK_FALSE(bad.has_value());
  CHECK(bad.error().code == ErrorCode::TimedOut);
  CHECK(bad.error().message == "the origin was late");
}

TEST_CASE("a value that cannot be copied is moved through a result", "[base]") {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(3);
  const std::unique_ptr<int> taken = *std::move(result);
  REQUIRE(taken);
  CHECK(*taken == 3);
}

TEST_CASE("a result of an error's own words is still a value", "[base]") {
  Result<std::string> result = std::string("text");
  CHECK(result->size() == 4);
  result->push_back('!');
  CHECK(*result == "text!");
}

TEST_CASE("a status is nothing or an error", "[base]") {
  CHECK(Status{});
  const Status bad = fail(ErrorCode::System, "no");
  REQUIRE_FALSE(bad);
  CHECK(bad.error().code == ErrorCode::System);
}
