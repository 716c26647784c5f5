// A question to one sentinel: where is the primary of that name? It may be asked again on the same connection, so that
// who asks every second neither resolves the sentinel's name nor connects that often.
//
// Two in truth. The address is what SENTINEL GET-MASTER-ADDR-BY-NAME says; the epoch of the sentinel's configuration,
// which SENTINEL MASTER says, tells which of two sentinels that disagree is behind. The epoch is asked for first: so it
// is never newer than the address.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_function.h"
#include "event/event_loop.h"
#include "redis/connection.h"
#include "redis/redis_url.h"
#include "redis/reply.h"

namespace edge::redis {

// The primary, as a sentinel knows it.
struct NamedPrimary {
  std::string host;
  std::uint16_t port = 0;
  std::optional<std::uint64_t> epoch;  // None where the sentinel does not let it be asked.

  std::string place() const { return place_of(host, port); }
};

// What each sentinel of a URL has said; none where nothing is known of it.
using NamedPrimaries = std::vector<std::optional<NamedPrimary>>;

// What more than half of all agree on, of the highest epoch that one of these tells; null where they do not.
const NamedPrimary* find_named_by_most(const NamedPrimaries& said);

// Of the answers to both. Fails where nobody is named.
Result<NamedPrimary> parse_named_primary(const std::string& name, const Reply& address, const Reply& primary);

// Owned by whoever asks. Loop's thread only. Once destroyed it calls nothing.
class SentinelAsk {
 public:
  // Once for each question, in a later turn; the error names the sentinel. May destroy this by destroy_later.
  using OnDone = UniqueFunction<void(Result<NamedPrimary>)>;

  // Asks. `timeout`: for everything.
  SentinelAsk(event::EventLoop& loop, const RedisUrl& sentinel, std::string name, std::chrono::milliseconds timeout,
              OnDone on_done);

  // Whether the last question is answered and the connection stands. Where it does not, another SentinelAsk is made.
  bool may_ask_again() const { return !on_done_ && connection_.is_ready(); }
  void ask_again(std::chrono::milliseconds timeout, OnDone on_done);

 private:
  void on_state(const Status& state);
  void ask(std::chrono::milliseconds timeout);
  void on_address(const Result<Reply>& reply);
  void finish(Result<NamedPrimary> answer);

  event::EventLoop& loop_;
  const std::string place_;
  const std::string name_;
  const Instant deadline_;
  OnDone on_done_;  // Null while nothing is asked.
  Reply primary_;   // What SENTINEL MASTER answered.
  Connection connection_;
};

}  // namespace edge::redis
