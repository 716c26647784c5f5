// Speaks to the Redis of a test, one command after the other.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "event/event_loop.h"
#include "redis/connection.h"
#include "support/redis_server.h"

namespace edge::test {

class RedisClient {
 public:
  explicit RedisClient(const RedisServer& server) : url_(server.url()) {}

  // Redis's answer, an error among them; asked on the connection of the question before, or on a new one where that
  // has ended, as often as Redis is still loading.
  redis::Reply ask(const std::vector<std::string_view>& words) {
    for (;;) {
      if (!connection_ || !connection_->is_ready()) connect();
      std::optional<Result<redis::Reply>> answer;
      connection_->command(words, std::chrono::seconds{30}, [&](Result<redis::Reply> reply) {
        answer.emplace(std::move(reply));
        loop_.stop();
      });
      while (!answer) loop_.run();
      if (*answer && !(*answer)->text.starts_with("LOADING")) return **answer;
    }
  }
  redis::Reply ask(const std::vector<std::string>& words) {
    return ask(std::vector<std::string_view>{words.begin(), words.end()});
  }
  redis::Reply ask(std::initializer_list<std::string_view> words) { return ask(std::vector<std::string_view>(words)); }

 private:
  void connect() {
    do {
      connection_ = std::make_unique<redis::Connection>(loop_, url_, std::chrono::seconds{30},
                                                        [this](const Status&) { loop_.stop(); });
      loop_.run();
    } while (!connection_->is_ready());
  }

  SystemClock clock_;
  event::EventLoop loop_{clock_};
  const redis::RedisUrl url_;
  std::unique_ptr<redis::Connection> connection_;
};

}  // namespace edge::test
