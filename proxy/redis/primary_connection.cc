#include "redis/primary_connection.h"

#include <optional>
#include <utility>

#include "base/check.h"

namespace edge::redis {

PrimaryConnection::PrimaryConnection(event::EventLoop& loop, const RedisUrl& url,
                                     std::chrono::milliseconds connect_timeout, SentinelMemory& memory,
                                     OnState on_state, std::chrono::milliseconds look)
    : loop_(loop),
      url_(url),
      connect_timeout_(connect_timeout),
      look_pause_(look),
      memory_(memory),
      on_state_(std::move(on_state)),
      place_(url.place()),
      last_named_(url.sentinels.size()),
      asks_(url.sentinels.size()),
      look_(loop, [this] { this->look(); }),
      end_(loop, [this] { on_state_(fail(ErrorCode::Unavailable, why_ended_)); }) {
  if (has_sentinels()) {
    search_ = std::make_unique<PrimarySearch>(loop_, url_, connect_timeout_, memory_,
                                              [this](Result<NamedPrimary> found) { on_found(std::move(found)); });
  } else {
    connect(url_);
  }
}

void PrimaryConnection::on_found(Result<NamedPrimary> found) {
  loop_.destroy_later(std::move(search_));
  if (!found) return end_search(found.error().message);
  looked_at_ = memory_.first;
  named_by_ = url_.sentinels[looked_at_].place();
  place_ = found->place();
  last_named_[looked_at_] = *found;
  RedisUrl to = url_;
  to.sentinels.clear();
  to.host = std::move(found->host);
  to.port = found->port;
  connect(to);
}

void PrimaryConnection::connect(const RedisUrl& to) {
  connection_ =
      std::make_unique<Connection>(loop_, to, connect_timeout_, [this](const Status& state) { on_connected(state); });
}

void PrimaryConnection::on_connected(const Status& state) {
  if (!state) {
    look_.disarm();
    asks_.clear();
    return on_state_(state);
  }
  if (!has_sentinels()) return tell_ready();
  connection_->command({"ROLE"}, connect_timeout_, [this](const Result<Reply>& reply) { on_role(reply); });
}

void PrimaryConnection::on_role(const Result<Reply>& reply) {
  if (!reply) return;  // on_connected tells why.
  const bool is_primary = !reply->items.empty() && reply->items[0].text == "master";
  if (!is_primary) {
    // Another sentinel may know more.
    memory_.first = (memory_.first + 1) % url_.sentinels.size();
    memory_.note_ask_failed();
    return connection_->close(reply->is_error()
                                  ? "ROLE: " + reply->text
                                  : "a replica, though sentinel " + named_by_ + " names it as " + url_.primary_name);
  }
  if (!memory_.primary.empty() && memory_.primary != place_) memory_.note_switch();
  memory_.primary = place_;
  look_.arm(look_pause_);
  tell_ready();
}

void PrimaryConnection::tell_ready() {
  is_told_ready_ = true;
  on_state_(Status{});
}

void PrimaryConnection::command(const std::vector<std::string_view>& words, std::chrono::milliseconds timeout,
                                OnReply on_reply) {
  EDGE_CHECK(is_told_ready_);
  connection_->command(words, timeout, std::move(on_reply));
}

void PrimaryConnection::close(std::string why) {
  if (connection_) return connection_->close(std::move(why));
  search_.reset();
  end_search(url_.place() + ": " + why);
}

void PrimaryConnection::end_search(std::string why) {
  if (!why_ended_.empty()) return;
  why_ended_ = std::move(why);
  end_.schedule();
}

// Each in its turn, so that one that is behind or gone is not the only one to be heard.
void PrimaryConnection::look() {
  looked_at_ = (looked_at_ + 1) % url_.sentinels.size();
  auto& ask = asks_[looked_at_];
  auto on_done = [this, sentinel = looked_at_](const Result<NamedPrimary>& named) { on_looked(sentinel, named); };
  if (ask && ask->may_ask_again()) return ask->ask_again(connect_timeout_, std::move(on_done));
  ask = std::make_unique<SentinelAsk>(loop_, url_.sentinels[looked_at_], url_.primary_name, connect_timeout_,
                                      std::move(on_done));
}

void PrimaryConnection::on_looked(std::size_t sentinel, const Result<NamedPrimary>& named) {
  look_.arm(look_pause_);
  last_named_[sentinel] = named ? std::optional(*named) : std::nullopt;
  if (!named) return memory_.note_ask_failed();
  const NamedPrimary* const most = find_named_by_most(last_named_);
  if (most && most->place() == named->place()) {
    memory_.believe_most(sentinel, most->epoch);
  } else if (memory_.is_behind(named->epoch)) {
    return memory_.note_ask_failed();
  } else {
    memory_.believe(sentinel, named->epoch);
  }
  if (named->place() != place_)
    connection_->close("sentinel " + url_.sentinels[sentinel].place() + " names " + named->place() + " as " +
                       url_.primary_name);
}

}  // namespace edge::redis
