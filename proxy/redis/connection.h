// One connection to a Redis, from its first byte to its last. Never reconnects: who wants another makes another.
#pragma once

#include <chrono>
#include <deque>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_function.h"
#include "event/deferred.h"
#include "event/event_loop.h"
#include "event/timer.h"
#include "event/watch.h"
#include "redis/redis_url.h"
#include "redis/reply.h"

struct redisAsyncContext;

namespace edge::redis {

// Owned by whoever speaks on it. Loop's thread only. Everything it calls back comes in a later turn; once destroyed it
// calls nothing. May be destroyed inside its own callbacks only by destroy_later.
class Connection {
 public:
  // Of a command: Redis's answer, an error among them too, or why none will come.
  using OnReply = UniqueFunction<void(Result<Reply>)>;
  // Once with success, when it is connected, authenticated and in its database; once with the reason when it has
  // ended, which may come first. After that nothing more can be asked.
  using OnState = UniqueFunction<void(Status)>;

  Connection(event::EventLoop& loop, const RedisUrl& url, std::chrono::milliseconds connect_timeout, OnState on_state);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Sends a command; answers come in the order of the questions. One that takes longer than `timeout` ends the
  // connection, because what comes later could not be told from the answer to another.
  void command(const std::vector<std::string_view>& words, std::chrono::milliseconds timeout, OnReply on_reply);
  void command(const std::vector<std::string>& words, std::chrono::milliseconds timeout, OnReply on_reply) {
    command(std::vector<std::string_view>{words.begin(), words.end()}, timeout, std::move(on_reply));
  }
  void command(std::initializer_list<std::string_view> words, std::chrono::milliseconds timeout, OnReply on_reply) {
    command(std::vector<std::string_view>(words), timeout, std::move(on_reply));
  }
  // Ends it: those who wait are told `why`, then on_state is.
  void close(std::string why);
  bool is_ready() const { return state_ == State::Ready; }

 private:
  enum class State { Connecting, Greeting, Ready, Closing, Closed };
  struct Asked {
    OnReply on_reply;
    Instant deadline;
    std::optional<Result<Reply>> answer;  // Noted by the library's callback, told at the end of the turn.
  };
  struct Hooks;

  void open(const RedisUrl& url);
  void greet();
  void on_greeted(const Result<Reply>& reply);
  void send(const std::vector<std::string_view>& words, std::chrono::milliseconds timeout, OnReply on_reply);
  void note_end(std::string why);
  void tell();
  void update_deadline();
  void on_deadline();

  event::EventLoop& loop_;
  const RedisUrl url_;
  const Instant connect_deadline_;
  OnState on_state_;
  State state_ = State::Connecting;
  std::size_t greetings_left_ = 0;
  std::string why_ended_;
  std::deque<Asked> asked_;   // In the order of their answers.
  std::size_t answered_ = 0;  // How many of them, from the front, have theirs.
  bool was_told_ready_ = false;

  redisAsyncContext* context_ = nullptr;  // The library frees it; null once it has.
  std::unique_ptr<event::Watch> read_watch_;
  std::unique_ptr<event::Watch> write_watch_;
  event::Timer deadline_;
  event::Deferred tell_;
};

}  // namespace edge::redis
