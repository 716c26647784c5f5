// A connection to the Redis that a URL means: the one at its address, or the primary that its sentinels name.
//
// With sentinels: they are asked where it is (PrimarySearch), it is connected to, and ROLE must say that it is a
// primary. From then on the sentinels are asked again, by turns, once in `look`: where one names another, and is not
// behind, or where more than half do, this connection ends. So what its owner does about another primary is what it
// does about any connection that was lost, and there is no second way: it makes the next one, whose server has another
// identity (PROTOCOL R10). Sentinels that do not answer end nothing: that a deposed primary is left alone by its
// writers is for Redis to see to (R8), not for them.
//
// Like Connection it never reconnects.
#pragma once

#include <chrono>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "event/deferred.h"
#include "event/event_loop.h"
#include "event/timer.h"
#include "redis/connection.h"
#include "redis/primary_search.h"
#include "redis/sentinel_ask.h"
#include "redis/sentinel_memory.h"

namespace edge::redis {

// Owned by whoever speaks on it. Loop's thread only. Everything it calls back comes in a later turn; once destroyed it
// calls nothing. May be destroyed inside its own callbacks only by destroy_later.
class PrimaryConnection {
 public:
  static constexpr std::chrono::milliseconds kLook{1'000};

  using OnReply = Connection::OnReply;
  // As Connection's; success comes once ROLE has been answered as well.
  using OnState = Connection::OnState;

  // `connect_timeout`: for each sentinel that is asked, and again for the primary. `memory` outlives it.
  PrimaryConnection(event::EventLoop& loop, const RedisUrl& url, std::chrono::milliseconds connect_timeout,
                    SentinelMemory& memory, OnState on_state, std::chrono::milliseconds look = kLook);
  PrimaryConnection(const PrimaryConnection&) = delete;
  PrimaryConnection& operator=(const PrimaryConnection&) = delete;

  // As Connection's; only once it was said to be ready.
  void command(const std::vector<std::string_view>& words, std::chrono::milliseconds timeout, OnReply on_reply);
  void command(const std::vector<std::string>& words, std::chrono::milliseconds timeout, OnReply on_reply) {
    command(std::vector<std::string_view>{words.begin(), words.end()}, timeout, std::move(on_reply));
  }
  void command(std::initializer_list<std::string_view> words, std::chrono::milliseconds timeout, OnReply on_reply) {
    command(std::vector<std::string_view>(words), timeout, std::move(on_reply));
  }
  void close(std::string why);
  bool is_ready() const { return is_told_ready_ && connection_->is_ready(); }
  // The address connected to; that of the URL until a sentinel has named one.
  const std::string& place() const { return place_; }

 private:
  bool has_sentinels() const { return !url_.sentinels.empty(); }
  void on_found(Result<NamedPrimary> found);
  void connect(const RedisUrl& to);
  void on_connected(const Status& state);
  void on_role(const Result<Reply>& reply);
  void tell_ready();
  void end_search(std::string why);
  void look();
  void on_looked(std::size_t sentinel, const Result<NamedPrimary>& named);

  event::EventLoop& loop_;
  const RedisUrl url_;
  const std::chrono::milliseconds connect_timeout_;
  const std::chrono::milliseconds look_pause_;
  SentinelMemory& memory_;
  OnState on_state_;
  std::string place_;
  std::string named_by_;  // The sentinel that has named it.
  bool is_told_ready_ = false;
  std::string why_ended_;      // While there is nothing that could be connected to.
  std::size_t looked_at_ = 0;  // The sentinel asked last.
  // By each sentinel, since this connection was begun; none where it did not answer the last time. What it said before
  // may have been true then.
  NamedPrimaries last_named_;
  std::unique_ptr<PrimarySearch> search_;
  // Of each sentinel: kept, so that only the first look, or one after a failure, has to connect.
  std::vector<std::unique_ptr<SentinelAsk>> asks_;
  std::unique_ptr<Connection> connection_;
  event::Timer look_;
  event::Deferred end_;
};

}  // namespace edge::redis
