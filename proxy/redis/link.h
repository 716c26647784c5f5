// A connection to a Redis that comes back after it has ended, with the scripts its owner calls loaded.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "redis/primary_connection.h"
#include "redis/sentinel_memory.h"

namespace edge::redis {

struct LinkOptions {
  RedisUrl url;
  std::chrono::milliseconds connect_timeout{1'000};  // The loading of the scripts included.
  std::chrono::milliseconds reconnect_max{2'000};    // Longest pause before the next try; the first is 50 ms.
  std::size_t in_flight_max = 1'000;                 // Commands that wait for their answers; more are refused.
  std::vector<std::string_view> scripts{};           // Constants.
  std::chrono::milliseconds look =
      PrimaryConnection::kLook;  // Between two looks at the sentinels, where the URL has any.
};

// Owned by whoever speaks on it. Loop's thread only. Everything it calls back comes in a later turn; once destroyed it
// calls nothing. May be destroyed inside its own callbacks only by destroy_later.
class Link {
 public:
  // Success each time it is there, the reason each time it has gone.
  using OnState = UniqueFunction<void(const Status&)>;
  using OnReply = Connection::OnReply;

  Link(event::EventLoop& loop, LinkOptions options, OnState on_state);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  bool is_ready() const { return is_ready_; }
  // False where it is not there, or enough is under way: then nothing was sent and nothing will be called. An answer
  // that takes longer than `timeout` ends the connection.
  bool try_command(const std::vector<std::string_view>& words, std::chrono::milliseconds timeout, OnReply on_reply);
  // Calls the script of that number in the options. `words`: how many keys, the keys, the arguments. Where Redis has
  // lost its scripts the answer is an error, and they are loaded again.
  bool try_script(std::size_t script, const std::vector<std::string_view>& words, std::chrono::milliseconds timeout,
                  OnReply on_reply);
  // The address connected to; that of the URL while there is none.
  std::string place() const { return is_ready_ ? connection_->place() : options_.url.place(); }
  // So that what comes of them can be counted.
  SentinelMemory& sentinels() { return sentinels_; }
  // Ends the connection; the next is made after a pause.
  void break_off(std::string why);

 private:
  void connect();
  void on_state(const Status& state);
  void load_scripts();
  void on_loaded(std::size_t script, const Result<Reply>& reply);
  void note_reply(const Result<Reply>& reply);

  event::EventLoop& loop_;
  const LinkOptions options_;
  OnState on_state_;
  bool is_ready_ = false;
  bool is_loading_ = false;
  std::size_t loaded_ = 0;
  std::size_t in_flight_ = 0;
  Instant ready_at_{};               // Since when it is there.
  std::uint32_t failures_ = 0;       // Since it was last there for a while.
  std::vector<std::string> hashes_;  // Of the scripts, as Redis names them.
  SentinelMemory sentinels_;
  std::unique_ptr<PrimaryConnection> connection_;
  event::Timer reconnect_;
};

}  // namespace edge::redis
