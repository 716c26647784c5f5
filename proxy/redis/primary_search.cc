#include "redis/primary_search.h"

#include <utility>

namespace edge::redis {

PrimarySearch::PrimarySearch(event::EventLoop& loop, const RedisUrl& url, std::chrono::milliseconds timeout,
                             SentinelMemory& memory, OnDone on_done)
    : loop_(loop),
      url_(url),
      timeout_(timeout),
      memory_(memory),
      on_done_(std::move(on_done)),
      first_(memory.first),
      behind_(url.sentinels.size()) {
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
  if (answer && !memory_.is_behind(answer->epoch)) {
    memory_.believe(sentinel, answer->epoch);
    return on_done_(std::move(answer));
  }
  memory_.note_ask_failed();
  if (!answer) complaints_.append(complaints_.empty() ? "" : "; ").append(answer.error().message);
  if (answer) {
    put_aside(sentinel, *std::move(answer));
    if (const NamedPrimary* const most = find_named_by_most(behind_)) {
      memory_.believe_most(sentinel, most->epoch);
      return on_done_(*most);
    }
  }
  if (asked_ < url_.sentinels.size()) return ask();
  on_done_(fail(ErrorCode::Unavailable, complaints_));
}

void PrimarySearch::put_aside(std::size_t sentinel, NamedPrimary answer) {
  const std::string epoch = std::to_string(*answer.epoch);
  complaints_.append(complaints_.empty() ? "" : "; ")
      .append("sentinel " + url_.sentinels[sentinel].place() + ": it names " + answer.place() +
              (answer.epoch == memory_.contradicted
                   ? ", but by epoch " + epoch + ", which more than half have contradicted"
                   : ", but is behind: epoch " + epoch + ", another has said " + std::to_string(*memory_.epoch)));
  behind_[sentinel] = std::move(answer);
}

}  // namespace edge::redis
