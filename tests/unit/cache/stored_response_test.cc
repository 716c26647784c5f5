#include "cache/stored_response.h"

#include <string>

#include "support/catch.h"

using namespace edge;
using namespace edge::cache;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kFields = "content-type: image/png\r\netag: \"v1\"\r\n";
const Instant kNow{1000s};

StoredResponseParts parts() {
  return {.url = "/a/64?x=1",
          .status = 200,
          .fields = kFields,
          .selecting = "accept: image/png\r\n",
          .etag = kFields.substr(31, 4),
          .last_modified = std::chrono::sys_seconds{-5s},
          .version = 57,
          .born_at = kNow,
          .fresh_until = kNow + 60s};
}

Bytes bytes(std::size_t size, char fill) {
  Bytes made;
  made.append(std::string(size, fill));
  return made;
}

}  // namespace

TEST_CASE("a stored response gives back all that it was made from", "[cache]") {
  MemoryBudget budget(1 << 20);
  const std::size_t size = GENERATE(0u, 1u, 32u * 1024, 32u * 1024 + 1, 300'000u);
  const auto response = StoredResponse::make(parts(), bytes(size, 'b'), budget);
  CHECK(response->url() == "/a/64?x=1");
  CHECK(response->status() == 200);
  CHECK_FALSE(response->is_mark());
  CHECK(response->fields() == kFields);
  CHECK(response->selecting() == "accept: image/png\r\n");
  CHECK(response->etag() == "\"v1\"");
  CHECK(response->last_modified() == std::chrono::sys_seconds{-5s});
  CHECK(response->version() == 57u);
  CHECK(response->has_validator());
  CHECK(response->fresh_until() == kNow + 60s);
  CHECK(response->body() == std::string(size, 'b'));
}

TEST_CASE("a stored response knows what it does not have", "[cache]") {
  MemoryBudget budget(1 << 20);
  const auto response = StoredResponse::make({.status = 0}, {}, budget);
  CHECK(response->is_mark());
  CHECK(response->etag().empty());
  CHECK_FALSE(response->last_modified());
  CHECK_FALSE(response->version());
  CHECK_FALSE(response->has_validator());
  CHECK(response->body().empty());
}

TEST_CASE("age counts from when it was 0, in whole seconds, and is never negative", "[cache][rfc9111 4.2.3]") {
  MemoryBudget budget(1 << 20);
  const auto response = StoredResponse::make(parts(), {}, budget);
  CHECK(response->age(kNow - 5s) == 0s);
  CHECK(response->age(kNow + 999ms) == 0s);
  CHECK(response->age(kNow + 61s) == 61s);
}

TEST_CASE("a large body is adopted, a small one is part of the block", "[cache]") {
  MemoryBudget budget(1 << 20);
  Bytes large = bytes(100'000, 'l');
  large.shrink_to_fit();
  const char* const data = large.view().data();
  CHECK(StoredResponse::make(parts(), std::move(large), budget)->body().data() == data);
  const auto small = StoredResponse::make(parts(), bytes(100, 's'), budget);
  CHECK(small->body().data() == small->fields().data() + small->fields().size());
}

TEST_CASE("the budget knows of every byte, from the making to the last reference", "[cache]") {
  MemoryBudget budget(1 << 20);
  const std::size_t size = GENERATE(10u, 200'000u);
  auto response = StoredResponse::make(parts(), bytes(size, 'b'), budget);
  CHECK(budget.used() >= size + sizeof(StoredResponse) + kFields.size());
  CHECK(budget.used() <= size + sizeof(StoredResponse) + 500);
  Ref<const StoredResponse> another = response;
  response = {};
  CHECK(budget.used() > size);
  another = {};
  CHECK(budget.used() == 0);
}

TEST_CASE("a refreshed response has a new head over the old body, however often", "[cache][rfc9111 3.2]") {
  MemoryBudget budget(1 << 20);
  const std::size_t size = GENERATE(0u, 1000u, 200'000u);
  auto old = StoredResponse::make(parts(), bytes(size, 'b'), budget);
  const char* const body = old->body().data();
  StoredResponseParts renewed = parts();
  renewed.fields = "x-new: 1\r\n";
  renewed.etag = {};
  renewed.version = 58;
  auto fresh = StoredResponse::make_refreshed(renewed, old, budget);
  const std::uint64_t two_heads = budget.used();
  for (int i = 0; i < 10; ++i) fresh = StoredResponse::make_refreshed(renewed, fresh, budget);
  CHECK(budget.used() == two_heads);
  old = {};
  CHECK(fresh->fields() == "x-new: 1\r\n");
  CHECK(fresh->version() == 58u);
  CHECK(fresh->body() == std::string(size, 'b'));
  CHECK(fresh->body().data() == body);
  fresh = {};
  CHECK(budget.used() == 0);
}
