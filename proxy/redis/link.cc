#include "redis/link.h"

#include <algorithm>

#include "base/check.h"
#include "base/hash.h"

namespace edge::redis {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstReconnect{50};
// One that stood for less is no success: where Redis takes connections and refuses what is asked on them, the pauses
// grow as well.
constexpr milliseconds kStandsMin{1'000};

}  // namespace

Link::Link(event::EventLoop& loop, LinkOptions options, OnState on_state)
    : loop_(loop),
      options_(std::move(options)),
      on_state_(std::move(on_state)),
      hashes_(options_.scripts.size()),
      reconnect_(loop, [this] { connect(); }) {
  connect();
}

Link::~Link() = default;

void Link::connect() {
  connection_ = std::make_unique<PrimaryConnection>(
      loop_, options_.url, options_.connect_timeout, sentinels_, [this](const Status& state) { on_state(state); },
      options_.look);
}

void Link::on_state(const Status& state) {
  if (state) return load_scripts();
  if (is_ready_ && loop_.now() - ready_at_ >= kStandsMin) failures_ = 0;
  is_ready_ = is_loading_ = false;
  in_flight_ = 0;
  loop_.destroy_later(std::move(connection_));
  // With jitter, so that all who lost the same Redis do not come back as one.
  const auto longest =
      std::min<milliseconds>(kFirstReconnect * (1u << std::min(failures_, 10u)), options_.reconnect_max);
  ++failures_;
  const std::uint64_t seed[] = {reinterpret_cast<std::uintptr_t>(this),
                                static_cast<std::uint64_t>(loop_.now().time_since_epoch().count())};
  const std::uint64_t jitter = keyed_hash({reinterpret_cast<const char*>(seed), sizeof seed}) % 1000;
  reconnect_.arm(longest / 2 + longest * static_cast<std::int64_t>(jitter) / 2000);
  on_state_(state);
}

void Link::load_scripts() {
  is_loading_ = true;
  loaded_ = 0;
  for (std::size_t i = 0; i < options_.scripts.size(); ++i)
    connection_->command({"SCRIPT", "LOAD", options_.scripts[i]}, options_.connect_timeout,
                         [this, i](const Result<Reply>& reply) { on_loaded(i, reply); });
  if (options_.scripts.empty()) on_loaded(0, Reply{.kind = Reply::Kind::Text});
}

void Link::on_loaded(std::size_t script, const Result<Reply>& reply) {
  if (!reply) return;  // on_state tells why.
  if (!reply->is_text()) return connection_->close(reply->text);
  if (script < hashes_.size()) hashes_[script] = reply->text;
  if (++loaded_ < options_.scripts.size()) return;
  is_loading_ = false;
  if (std::exchange(is_ready_, true)) return;
  ready_at_ = loop_.now();
  on_state_(Status{});
}

bool Link::try_command(const std::vector<std::string_view>& words, milliseconds timeout, OnReply on_reply) {
  if (!is_ready_ || in_flight_ >= options_.in_flight_max) return false;
  ++in_flight_;
  connection_->command(words, timeout, [this, tell = std::move(on_reply)](Result<Reply> reply) mutable {
    note_reply(reply);
    tell(std::move(reply));
  });
  return true;
}

bool Link::try_script(std::size_t script, const std::vector<std::string_view>& words, milliseconds timeout,
                      OnReply on_reply) {
  EDGE_CHECK(script < hashes_.size());
  std::vector<std::string_view> all{"EVALSHA", hashes_[script]};
  all.insert(all.end(), words.begin(), words.end());
  return try_command(all, timeout, std::move(on_reply));
}

void Link::note_reply(const Result<Reply>& reply) {
  if (in_flight_ > 0) --in_flight_;
  if (reply && reply->is_error() && reply->text.starts_with("NOSCRIPT") && is_ready_ && !is_loading_) load_scripts();
}

void Link::break_off(std::string why) {
  if (connection_) connection_->close(std::move(why));
}

}  // namespace edge::redis
