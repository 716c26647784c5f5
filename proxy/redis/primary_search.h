// Asks the sentinels of a URL, one after the other, where its primary is, as Redis's guidelines for clients have it.
//
// One of them may be behind: it was cut off while the others made another Redis the primary, and still names the old
// one, which may be on its side and take writes. So an answer whose epoch is below one heard before is put aside, and
// is believed only where more than half of all give it: then nobody can have elected another. The epoch heard before is
// one that they contradict from then on.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/unique_function.h"
#include "event/event_loop.h"
#include "redis/redis_url.h"
#include "redis/sentinel_ask.h"
#include "redis/sentinel_memory.h"

namespace edge::redis {

// Owned by whoever searches. Loop's thread only. Once destroyed it calls nothing.
class PrimarySearch {
 public:
  // Once, in a later turn; the error says what came of each sentinel. May destroy this by destroy_later.
  using OnDone = UniqueFunction<void(Result<NamedPrimary>)>;

  // `timeout`: for each sentinel. `url` and `memory` outlive it.
  PrimarySearch(event::EventLoop& loop, const RedisUrl& url, std::chrono::milliseconds timeout, SentinelMemory& memory,
                OnDone on_done);

 private:
  void ask();
  void on_answer(Result<NamedPrimary> answer);
  void put_aside(std::size_t sentinel, NamedPrimary answer);

  event::EventLoop& loop_;
  const RedisUrl& url_;
  const std::chrono::milliseconds timeout_;
  SentinelMemory& memory_;
  OnDone on_done_;
  const std::size_t first_;
  std::size_t asked_ = 0;   // How many have answered or failed.
  NamedPrimaries behind_;   // Answers put aside.
  std::string complaints_;  // What was wrong with each.
  std::unique_ptr<SentinelAsk> ask_;
};

}  // namespace edge::redis
