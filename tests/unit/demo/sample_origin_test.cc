#include "demo/sample_origin.h"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "fake_exchange.h"
#include "sample_pictures.h"
#include "support/catch.h"

namespace edge::demo {
namespace {

using namespace std::chrono_literals;

struct TestOrigin {
  struct Told {
    std::string avatar;
    std::uint64_t version;
  };

  explicit TestOrigin(const SampleOriginOptions& options = {})
      : origin(options, clock, [this](std::string_view avatar, std::uint64_t version) {
          told.push_back({std::string(avatar), version});
        }) {}

  FakeExchange ask(std::string_view method, std::string_view target, std::string_view field = {},
                   std::string_view value = {}) {
    FakeExchange exchange(loop, method, target);
    if (!field.empty()) exchange.add_field(field, value);
    CHECK(origin.start(exchange) == nullptr);
    return exchange;
  }

  // Sends `file` in pieces of `piece_size`; the connection ends the task once the exchange is answered.
  FakeExchange put(std::string_view target, std::string_view file, std::size_t piece_size = 7) {
    FakeExchange exchange(loop, "PUT", target);
    exchange.expect_body(std::nullopt);
    auto task = origin.start(exchange);
    if (!task) return exchange;
    CHECK(exchange.is_body_wanted());
    for (std::size_t at = 0; at < file.size() && !exchange.is_answered(); at += piece_size)
      task->on_body(file.substr(at, piece_size));
    if (!exchange.is_answered()) task->on_body_end();
    return exchange;
  }

  FakeClock clock;
  event::EventLoop loop{clock};
  std::vector<Told> told;
  SampleOrigin origin;
};

TEST_CASE("everybody has a picture, in every size", "[demo]") {
  TestOrigin test;
  const auto answer = test.ask("GET", "/avatars/8/96");
  CHECK(answer.status() == 200);
  CHECK(answer.field("content-type") == "image/png");
  CHECK(answer.field("x-avatar-version") == "1");
  CHECK(answer.field("cache-control") == "public, max-age=31536000");
  CHECK(answer.field("etag") == "\"8-v1-96\"");
  CHECK(answer.field("last-modified").ends_with(" GMT"));
  const auto info = probe_image(answer.body());
  REQUIRE(info);
  CHECK(info->width == 96);
}

TEST_CASE("an avatar without a size has the usual one", "[demo]") {
  TestOrigin test;
  CHECK(test.ask("GET", "/avatars/42").body() == test.ask("GET", "/avatars/42/132").body());
}

TEST_CASE("HEAD is answered like GET", "[demo][rfc9110-9.3.2]") {
  TestOrigin test;
  const auto get = test.ask("GET", "/avatars/42/46");
  const auto head = test.ask("HEAD", "/avatars/42/46");
  CHECK(head.status() == 200);
  CHECK(head.field_lines() == get.field_lines());
  CHECK(head.body().size() == get.body().size());  // The connection sends its length alone.
}

TEST_CASE("animated avatars are GIFs", "[demo]") {
  TestOrigin test;
  CHECK(test.ask("GET", "/avatars/7/64").field("content-type") == "image/gif");
}

TEST_CASE("a size that there is not is 404, and so is everything else", "[demo]") {
  TestOrigin test;
  for (const std::string_view target : {"/avatars/42/100", "/avatars/", "/avatars/a.b", "/nowhere"}) {
    const auto answer = test.ask("GET", target);
    CHECK(answer.status() == 404);
    CHECK(!answer.body().empty());
  }
}

TEST_CASE("who has the picture already is told so", "[demo][rfc9110-13.2.2]") {
  TestOrigin test;
  const auto full = test.ask("GET", "/avatars/42/46");
  for (const std::string& tags : {full.field("etag"), "\"x\", W/" + full.field("etag"), std::string("*")}) {
    const auto answer = test.ask("GET", "/avatars/42/46", "if-none-match", tags);
    CHECK(answer.status() == 304);
    CHECK(answer.body().empty());
    CHECK(answer.field("etag") == full.field("etag"));
    CHECK(answer.field("cache-control") == full.field("cache-control"));
    CHECK(answer.field("x-avatar-version") == "1");
    CHECK(answer.field("content-type").empty());
  }
  CHECK(test.ask("GET", "/avatars/42/46", "if-none-match", "\"x\"").status() == 200);
  CHECK(test.ask("HEAD", "/avatars/42/46", "if-modified-since", full.field("last-modified")).status() == 304);

  test.clock.advance(10s);
  REQUIRE(test.put("/avatars/42", sample_png(8, 8)).status() == 201);
  CHECK(test.ask("GET", "/avatars/42/46", "if-none-match", full.field("etag")).status() == 200);
  CHECK(test.ask("GET", "/avatars/42/46", "if-modified-since", full.field("last-modified")).status() == 200);
}

TEST_CASE("an upload is served as it came, is a new version, and the edge is told", "[demo]") {
  TestOrigin test;
  const std::string file = sample_jpeg(64, 48);
  const auto answer = test.put("/avatars/42", file, 1);
  CHECK(answer.status() == 201);
  CHECK(answer.field("content-type") == "application/json");
  const auto json = nlohmann::json::parse(answer.body());
  CHECK(json["avatar"] == "42");
  CHECK(json["version"] == 2);
  REQUIRE(test.told.size() == 1);
  CHECK(test.told[0].avatar == "42");
  CHECK(test.told[0].version == 2);

  const auto picture = test.ask("GET", "/avatars/42/640");
  CHECK(picture.body() == file);
  CHECK(picture.field("content-type") == "image/jpeg");
  CHECK(picture.field("x-avatar-version") == "2");
  CHECK(test.put("/avatars/42", sample_gif(8, 8)).status() == 200);
  CHECK(test.told.back().version == 3);
}

TEST_CASE("the edge is told of a change before it is answered", "[demo]") {
  FakeClock clock;
  event::EventLoop loop(clock);
  FakeExchange exchange(loop, "DELETE", "/avatars/42");
  bool was_answered_first = true;
  SampleOrigin origin({}, clock, [&](std::string_view, std::uint64_t) { was_answered_first = exchange.is_answered(); });
  CHECK(origin.start(exchange) == nullptr);
  CHECK(exchange.is_answered());
  CHECK(!was_answered_first);
}

TEST_CASE("a deletion goes back to an identicon, as a new version", "[demo]") {
  TestOrigin test;
  REQUIRE(test.put("/avatars/42", sample_png(8, 8)).status() == 201);
  const auto answer = test.ask("DELETE", "/avatars/42");
  CHECK(answer.status() == 200);
  CHECK(nlohmann::json::parse(answer.body())["version"] == 3);
  CHECK(test.told.back().version == 3);
  CHECK(test.ask("GET", "/avatars/42").field("x-avatar-version") == "3");
  CHECK(test.put("/avatars/42", sample_png(8, 8)).status() == 201);
}

TEST_CASE("what is no picture is not taken and changes nothing", "[demo]") {
  TestOrigin test;
  CHECK(test.put("/avatars/42", "").status() == 400);
  CHECK(test.put("/avatars/42", "hello, this is text").status() == 415);
  CHECK(test.put("/avatars/42", sample_png(8, 8).substr(0, 40)).status() == 415);
  CHECK(test.put("/avatars/42", sample_png(0, 8)).status() == 415);
  CHECK(test.put("/avatars/42", sample_png(1'000'000, 8)).status() == 422);
  CHECK(test.ask("PUT", "/avatars/42").status() == 400);  // Without a body.
  CHECK(test.told.empty());
  CHECK(test.ask("GET", "/avatars/42").field("x-avatar-version") == "1");
}

TEST_CASE("an upload that is too large is refused as soon as that is known", "[demo]") {
  const std::string file = sample_png(8, 8);
  TestOrigin test({.upload_bytes_max = file.size()});
  CHECK(test.put("/avatars/1", file).status() == 201);

  const auto grown = test.put("/avatars/2", file + "x");
  CHECK(grown.status() == 413);
  FakeExchange declared(test.loop, "PUT", "/avatars/3");
  declared.expect_body(file.size() + 1);
  CHECK(test.origin.start(declared) == nullptr);
  CHECK(declared.status() == 413);
  CHECK(!declared.is_body_wanted());
  CHECK(test.told.size() == 1);
}

TEST_CASE("what comes after a refusal is ignored", "[demo]") {
  TestOrigin test({.upload_bytes_max = 4});
  FakeExchange exchange(test.loop, "PUT", "/avatars/1");
  exchange.expect_body(std::nullopt);
  auto task = test.origin.start(exchange);
  REQUIRE(task);
  task->on_body("12345");
  task->on_body("6");
  task->on_body_end();
  CHECK(exchange.status() == 413);
}

TEST_CASE("uploads at the same time have a limit; one that ends makes room, also when the client leaves", "[demo]") {
  TestOrigin test({.uploads_running_max = 1});
  FakeExchange first(test.loop, "PUT", "/avatars/1");
  first.expect_body(std::nullopt);
  auto task = test.origin.start(first);
  REQUIRE(task);
  const auto second = test.put("/avatars/2", sample_png(8, 8));
  CHECK(second.status() == 503);
  CHECK(second.field("retry-after") == "1");
  task.reset();
  CHECK(test.put("/avatars/2", sample_png(8, 8)).status() == 201);
}

TEST_CASE("a store that is full says so", "[demo]") {
  TestOrigin test({.store = {.changed_max = 1}});
  REQUIRE(test.put("/avatars/1", sample_png(8, 8)).status() == 201);
  const auto answer = test.put("/avatars/2", sample_png(8, 8));
  CHECK(answer.status() == 503);
  CHECK(test.told.size() == 1);
}

TEST_CASE("other methods are answered with those that are allowed", "[demo][rfc9110-15.5.6]") {
  TestOrigin test;
  const auto avatar = test.ask("POST", "/avatars/42");
  CHECK(avatar.status() == 405);
  CHECK(avatar.field("allow") == "GET, HEAD, PUT, DELETE");
  for (const std::string_view target : {"/avatars/42/64", "/", "/favicon.ico"}) {
    const auto answer = test.ask("PUT", target);
    CHECK(answer.status() == 405);
    CHECK(answer.field("allow") == "GET, HEAD");
  }
}

TEST_CASE("the wall is served fresh each time, with a policy of its own", "[demo]") {
  TestOrigin test({.admin_address = "127.0.0.1:9180"});
  const auto first = test.ask("GET", "/");
  CHECK(first.status() == 200);
  CHECK(first.field("content-type") == "text/html; charset=utf-8");
  CHECK(first.field("cache-control") == "no-store");
  CHECK(first.body().find("http://127.0.0.1:9180/status") != std::string::npos);
  CHECK(first.field("content-security-policy") != test.ask("GET", "/").field("content-security-policy"));
}

TEST_CASE("the icon is a small picture", "[demo]") {
  TestOrigin test;
  const auto answer = test.ask("GET", "/favicon.ico");
  CHECK(answer.status() == 200);
  CHECK(probe_image(answer.body())->width == 46);
}

}  // namespace
}  // namespace edge::demo
