#include "redis/primary_search.h"

#include <algorithm>
#include <utility>

namespace edge::redis {

PrimarySearch::PrimarySearch(event::EventLoop& loop, const RedisUrl& url, std::chrono::milliseconds timeout,
                             SentinelMemory& memory, OnDone on_done)
    : loop_(loop), url_(url), timeout_(timeout), memory_(memory), on_done_(std::move(on_done)), first_(memory.first) {
  ask();
}

void PrimarySearch::ask() {
  const RedisUrl& sentinel = url_.sentinels[(first_ + asked_) % url_.sentinels.size()];
  ask_ = std::make_unique<SentinelAsk>(loop_, sentinel, url_.primary_name, timeout_,
                                       [this](Result<NamedPrimary> answer) { on_answer(std::move(answer)); });
}

void PrimarySearch::on_answer(Result<NamedPrimary> answer) {
  loop_.destroy_later(std::move(ask_));
  const std::size_t sentinel = (first_ + asked_++) % url_.sentinels.size();
  if (answer && (!answer->epoch || !memory_.epoch || *answer->epoch >= *memory_.epoch)) {
    memory_.first = sentinel;
    if (answer->epoch) memory_.epoch = answer->epoch;
    return on_done_(std::move(answer));
  }
  memory_.note_ask_failed();
  if (!answer) complaints_.append(complaints_.empty() ? "" : "; ").append(answer.error().message);
  if (answer) {
    put_aside(sentinel, *std::move(answer));
    const NamedPrimary& last = behind_.back();
    const auto agree = std::ranges::count_if(
        behind_, [&](const NamedPrimary& other) { return other.host == last.host && other.port == last.port; });
    if (static_cast<std::size_t>(agree) * 2 > url_.sentinels.size()) {
      memory_.first = sentinel;
      memory_.epoch = last.epoch;
      return on_done_(last);
    }
  }
  if (asked_ < url_.sentinels.size()) return ask();
  on_done_(fail(ErrorCode::Unavailable, complaints_));
}

void PrimarySearch::put_aside(std::size_t sentinel, NamedPrimary answer) {
  complaints_.append(complaints_.empty() ? "" : "; ")
      .append("sentinel " + url_.sentinels[sentinel].place() + ": it names " + answer.place() +
              ", but is behind: epoch " + std::to_string(*answer.epoch) + ", another has said " +
              std::to_string(*memory_.epoch));
  behind_.push_back(std::move(answer));
}

}  // namespace edge::redis
