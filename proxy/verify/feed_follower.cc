#include "verify/feed_follower.h"

#include <algorithm>

#include "base/log.h"

namespace edge::verify {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstReconnect{50};
// How long a read waits for what is new. Also how soon it is known that nothing was.
constexpr milliseconds kBlock{250};

// From XINFO STREAM: names and values by turns.
std::optional<cache::EventId> try_newest(const redis::Reply& reply) {
  // The stream begins with its first event.
  if (reply.is_error() && reply.text.starts_with("ERR no such key")) return cache::EventId{};
  for (std::size_t i = 0; i + 1 < reply.items.size(); i += 2)
    if (reply.items[i].text == "last-generated-id") return cache::try_event_id(reply.items[i + 1].text);
  return std::nullopt;
}

}  // namespace

FeedFollower::FeedFollower(event::EventLoop& loop, const feed::FeedOptions& options, std::optional<cache::EventId> from,
                           OnEntries on_entries, OnCaughtUp on_caught_up)
    : loop_(loop),
      options_(options),
      position_(from),
      on_entries_(std::move(on_entries)),
      on_caught_up_(std::move(on_caught_up)),
      reconnect_(loop, [this] { connect(); }) {}

FeedFollower::~FeedFollower() = default;

void FeedFollower::connect() {
  connection_ = std::make_unique<redis::PrimaryConnection>(
      loop_, options_.url, options_.connect_timeout(), sentinels_, [this](const Status& state) { on_state(state); },
      options_.look_at_sentinels());
}

void FeedFollower::on_state(const Status& state) {
  if (state)
    return connection_->command({"XINFO", "STREAM", options_.stream}, options_.answer_timeout(),
                                [this](const Result<redis::Reply>& reply) { on_newest(reply); });
  loop_.destroy_later(std::move(connection_));
  // Once for each time that it is lost, not for each try.
  if (is_reading_ || pause_ == milliseconds{0}) log_warning("verify.feed_lost", state.error().message);
  is_reading_ = false;
  pause_ = std::clamp(pause_ * 2, kFirstReconnect, std::max(kFirstReconnect, options_.reconnect_max));
  reconnect_.arm(pause_);
}

void FeedFollower::on_newest(const Result<redis::Reply>& reply) {
  if (!reply) return;  // on_state tells why.
  const auto newest = try_newest(*reply);
  if (!newest) return connection_->close(reply->is_error() ? reply->text : "XINFO STREAM names no last-generated-id");
  if (position_ && *newest < *position_)
    log_warning("verify.feed_gap", "the stream ends at " + newest->text() + ", before " + position_->text() +
                                       ", which was read: another server, or another life of it");
  if (!position_ || *newest < *position_) position_ = newest;
  is_reading_ = was_ever_reading_ = true;
  pause_ = milliseconds{0};
  log_info("verify.feed_connected",
           connection_->place() + ", stream " + options_.stream + " after " + position_->text());
  read_on();
}

void FeedFollower::read_on() {
  const std::string after = position_->text(), block = std::to_string(kBlock.count()),
                    count = std::to_string(options_.batch_max);
  connection_->command({"XREAD", "COUNT", count, "BLOCK", block, "STREAMS", options_.stream, after},
                       kBlock + options_.answer_timeout(),
                       [this, sent = loop_.clock().now()](const Result<redis::Reply>& reply) { on_read(sent, reply); });
}

void FeedFollower::on_read(Instant sent, const Result<redis::Reply>& reply) {
  if (!reply) return;
  if (reply->is_error()) return connection_->close(reply->text);
  std::size_t count = 0;
  if (reply->is_array() && !reply->items.empty()) {
    const auto& stream = reply->items[0].items;
    if (stream.size() != 2 || !hand_over(stream[1].items))
      return connection_->close("a read answered what no read answers");
    count = stream[1].items.size();
  }
  if (count < options_.batch_max) on_caught_up_(sent);
  read_on();
}

bool FeedFollower::hand_over(const std::vector<redis::Reply>& entries) {
  std::vector<FeedEntry> read;
  read.reserve(entries.size());
  for (const redis::Reply& entry : entries) {
    const auto id = entry.items.size() == 2 ? cache::try_event_id(entry.items[0].text) : std::nullopt;
    if (!id) return false;
    read.push_back({*id, feed::parse_update_event(entry.items[1].items)});
  }
  if (read.empty()) return true;
  position_ = read.back().id;
  on_entries_(read);
  return true;
}

}  // namespace edge::verify
