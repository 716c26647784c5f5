#include "limit/client_connections.h"

#include <thread>
#include <vector>

#include "support/catch.h"

using namespace edge::limit;

TEST_CASE("a client has so many connections and no more, until one ends", "[limit]") {
  ClientConnections table;
  auto first = table.try_enter(1, 2), second = table.try_enter(1, 2);
  CHECK(first);
  CHECK(second);
  CHECK_FALSE(table.try_enter(1, 2));
  CHECK(table.try_enter(2, 2));
  first.reset();
  CHECK(table.try_enter(1, 2));
}

TEST_CASE("a place that was moved is left once", "[limit]") {
  ClientConnections table;
  {
    ClientConnections::Place kept;
    kept = std::move(*table.try_enter(1, 1));
    ClientConnections::Place moved(std::move(kept));
    CHECK_FALSE(table.try_enter(1, 1));
  }
  CHECK(table.try_enter(1, 1));
}

TEST_CASE("with a limit of none there is none", "[limit]") {
  ClientConnections table;
  CHECK_FALSE(table.try_enter(1, 0));
}

TEST_CASE("threads that come and go leave nothing behind", "[limit][threads]") {
  ClientConnections table;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 10'000; ++i) static_cast<void>(table.try_enter(7, 3));
    });
  for (std::thread& thread : threads) thread.join();
  std::vector<ClientConnections::Place> places;
  while (auto place = table.try_enter(7, 3)) places.push_back(*std::move(place));
  CHECK(places.size() == 3);
}
