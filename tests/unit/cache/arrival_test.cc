#include "cache/arrival.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include "support/catch.h"
#include "unit/cache/leased_cache.h"

using namespace edge;
using namespace edge::cache;

namespace {

constexpr WaiterId kOne{0, 1}, kOther{1, 2};

Bytes with_room(std::size_t length) {
  Bytes bytes;
  bytes.reserve(length);
  return bytes;
}

Ref<Arrival> arrival_of(TestCache& cache, const Bytes& body) {
  return Ref<Arrival>(new Arrival({.head = cache.response("/a/64", ""),
                                   .length = body.capacity(),
                                   .owner = charge_body(body, cache.cache.budget())}));
}
Ref<Arrival> arrival_of(TestCache& cache) { return arrival_of(cache, with_room(3)); }

}  // namespace

TEST_CASE("an arrival is read from where the reader is, and who finds nothing is told of more", "[cache]") {
  TestCache cache;
  Bytes body = with_room(6);
  const Ref<Arrival> arrival = arrival_of(cache, body);
  CHECK(arrival->read(0, kOne).bytes.empty());
  body.append("abc");
  CHECK(arrival->grow(body.view()) == std::vector{kOne});
  CHECK(arrival->read(0, kOne).bytes == "abc");
  CHECK(arrival->read(2, kOther).bytes == "c");
  CHECK(arrival->read(3, kOne).bytes.empty());
  CHECK(arrival->read(3, kOther).bytes.empty());
  body.append("def");
  CHECK(arrival->grow(body.view()) == std::vector{kOne, kOther});
  CHECK(arrival->grow(body.view()).empty());
  CHECK(arrival->read(3, kOther).bytes == "def");
}

TEST_CASE("what has been read of an arrival stays, whatever becomes of the body", "[cache]") {
  TestCache cache;
  std::string_view read;
  Ref<const Shared> owner;
  {
    Bytes body = with_room(100'000);
    const Ref<Arrival> arrival = arrival_of(cache, body);
    body.append(std::string(50'000, 'x'));
    static_cast<void>(arrival->grow(body.view()));
    read = arrival->read(0, kOne).bytes;
    owner = arrival->about().owner;
  }
  CHECK(read == std::string(50'000, 'x'));
}

TEST_CASE("the memory of an arrival counts once, for as long as somebody has it", "[cache]") {
  TestCache cache;
  const std::uint64_t before = cache.cache.budget().used();
  Bytes body = with_room(100'000);
  Ref<Arrival> arrival = arrival_of(cache, body);
  CHECK(cache.cache.budget().used() > before + 100'000);
  body.append(std::string(100'000, 'x'));
  static_cast<void>(arrival->grow(body.view()));
  Ref<const StoredResponse> whole =
      StoredResponse::make({.url = "/a/64"}, body.view(), arrival->about().owner, cache.cache.budget());
  CHECK(whole->body().data() == arrival->read(0, kOne).bytes.data());
  CHECK(cache.cache.budget().used() < before + 110'000);
  Ref<const Shared> reader = arrival->about().owner;
  arrival = nullptr;
  whole = nullptr;
  CHECK(cache.cache.budget().used() > before + 100'000);
  reader = nullptr;
  CHECK(cache.cache.budget().used() == before);
}

TEST_CASE("an arrival that is broken off says so after what has come of it", "[cache]") {
  TestCache cache;
  Bytes body = with_room(6);
  const Ref<Arrival> arrival = arrival_of(cache, body);
  body.append("abc");
  static_cast<void>(arrival->grow(body.view()));
  CHECK(arrival->read(3, kOne).bytes.empty());
  CHECK(arrival->break_off(http::ProxyError::HttpResponseIncomplete) == std::vector{kOne});
  const Arrival::Part part = arrival->read(0, kOne);
  CHECK(part.bytes == "abc");
  CHECK_FALSE(part.broken);
  CHECK(arrival->read(3, kOne).broken == http::ProxyError::HttpResponseIncomplete);
}

TEST_CASE("an arrival that is whole is not broken by its end", "[cache]") {
  TestCache cache;
  Bytes body = with_room(3);
  const Ref<Arrival> arrival = arrival_of(cache, body);
  body.append("abc");
  static_cast<void>(arrival->grow(body.view()));
  CHECK(arrival->break_off(http::ProxyError::HttpResponseIncomplete).empty());
  CHECK(arrival->read(0, kOne).bytes == "abc");
}

TEST_CASE("an arrival is read while it grows", "[cache][threads]") {
  TestCache cache;
  constexpr std::size_t kLength = 200'000;
  Bytes body = with_room(kLength);
  const Ref<Arrival> arrival = arrival_of(cache, body);
  std::vector<std::thread> readers;
  std::atomic<int> whole = 0;
  for (std::uint32_t i = 0; i < 3; ++i)
    readers.emplace_back([&, i] {
      std::string read;
      while (read.size() < kLength) read += arrival->read(read.size(), {i, 1}).bytes;
      if (std::all_of(read.begin(), read.end(), [](char one) { return one == 'y'; })) ++whole;
    });
  while (body.size() < kLength) {
    body.append(std::string(1'000, 'y'));
    static_cast<void>(arrival->grow(body.view()));
  }
  for (std::thread& reader : readers) reader.join();
  CHECK(whole == 3);
}

// ---- Who gets one ----

TEST_CASE("who waits for a fill is told of its arrival, and who joins gets it at once", "[cache]") {
  TestCache cache;
  Asked leader = cache.get("/a/64");
  Asked follower = cache.get("/a/64");
  CHECK_FALSE(std::get<Joined>(follower.found).arrival);
  const Ref<Arrival> arrival = arrival_of(cache);
  CHECK(cache.cache.announce(std::get<Lead>(leader.found).permit, arrival) ==
        std::vector{leader.waiter, follower.waiter});
  Asked late = cache.get("/a/64");
  CHECK(std::get<Joined>(late.found).arrival == arrival);
  CHECK(cache.fail(leader).waiters == std::vector{leader.waiter, follower.waiter, late.waiter});
}

TEST_CASE("nobody who asks after an update gets an arrival from before it", "[cache][PROTOCOL R1]") {
  TestCache cache;
  Asked leader = cache.get("/a/64");
  static_cast<void>(cache.cache.announce(std::get<Lead>(leader.found).permit, arrival_of(cache)));
  cache.cache.invalidate("a", {});
  Asked late = cache.get("/a/64");
  CHECK(late.leads());
  cache.fail(late);
  CHECK(cache.answer(leader, "old").verdict == StoreVerdict::Voided);
}

TEST_CASE("who joins where no registry has the node gets no arrival of what was asked for before",
          "[cache][PROTOCOL R15]") {
  LeasedCache cache;
  Asked leader = cache.get("/a/64");
  const Ref<Arrival> arrival = arrival_of(cache);
  static_cast<void>(cache.cache.announce(std::get<Lead>(leader.found).permit, arrival));
  cache.clock.advance(1ms);
  Asked late = cache.get("/a/64");
  CHECK_FALSE(std::get<Joined>(late.found).arrival);
  const FillEnded ended = cache.fail(leader);
  CHECK(ended.followers == std::vector{late.waiter});
}
