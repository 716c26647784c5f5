// A connection to Redis that writes and waits; it comes back by itself at the next command.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <hiredis/hiredis.h>

#include "moment.h"

namespace prove {

using Words = std::vector<std::string>;

class RedisLink {
 public:
  struct Free {
    void operator()(redisContext* context) const { redisFree(context); }
    void operator()(redisReply* reply) const { freeReplyObject(reply); }
  };
  using Reply = std::unique_ptr<redisReply, Free>;

  explicit RedisLink(std::uint16_t port, Duration patience = std::chrono::milliseconds(500))
      : port_(port), patience_(patience) {}

  // Null or an error: it is not known whether anything was done.
  Reply run(const Words& words);
  // Sends all of them, then awaits the last answer.
  Reply run_all(const std::vector<Words>& commands);
  // Sends without waiting; `await` has the answers, one by one.
  bool send(const Words& words);
  Reply await();

 private:
  bool connect();
  void append(const Words& words);

  const std::uint16_t port_;
  const Duration patience_;
  std::unique_ptr<redisContext, Free> context_;
};

// The ID of a stream entry.
struct EntryId {
  std::uint64_t time = 0, sequence = 0;
  auto operator<=>(const EntryId&) const = default;
};
std::optional<EntryId> parse_id(const std::string& text);
std::string to_string(const EntryId& id);

// The ID that XADD answered; none when it failed.
std::optional<EntryId> id_of(const RedisLink::Reply& reply);

}  // namespace prove
