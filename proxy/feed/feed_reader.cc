#include "feed/feed_reader.h"

#include <algorithm>

#include "base/hash.h"
#include "base/log.h"
#include "feed/update_event.h"

namespace edge::feed {
namespace {

using std::chrono::milliseconds;

// Proofs that events ask for come no faster: the server's work for them must not grow with the load.
constexpr milliseconds kProofPause{50};
// Longest that one read waits for what is new, since nothing else can be asked meanwhile: not even a proof that
// somebody wants.
constexpr milliseconds kReadMax{500};
constexpr milliseconds kFirstReconnect{50};

}  // namespace

FeedReader::FeedReader(event::EventLoop& loop, const FeedOptions& options, cache::MemoryCache& cache,
                       metrics::Metrics& metrics, FeedFollower& follower)
    : loop_(loop),
      options_(options),
      cache_(cache),
      metrics_(metrics),
      counts_(metrics.feed()),
      follower_(follower),
      reconnect_(loop, [this] { connect(); }) {
  sentinels_.on_switch = [this] { counts_.primary_switches.add(); };
  sentinels_.on_ask_failed = [this] { counts_.sentinel_asks_failed.add(); };
}

FeedReader::~FeedReader() = default;

void FeedReader::start() { connect(); }

void FeedReader::connect() {
  connection_ = std::make_unique<redis::PrimaryConnection>(
      loop_, options_.url, options_.connect_timeout(), sentinels_, [this](const Status& state) { on_state(state); },
      options_.look_at_sentinels());
}

void FeedReader::on_state(const Status& state) {
  if (state) {
    counts_.connected.add();
    follower_.on_primary(connection_->place());
    log_info("feed.connected", connection_->place() + ", stream " + options_.stream);
    return prove();
  }
  if (counts_.connected.value() != 0) {
    counts_.connected.subtract();
    counts_.connections_lost.add();
    follower_.on_primary({});
  }
  loop_.destroy_later(std::move(connection_));
  is_proof_under_way_ = false;
  if (on_left_) return say_left();
  log_warning("feed.lost", state.error().message);
  // With jitter, so that the nodes of a site do not come back as one.
  const auto longest =
      std::min<milliseconds>(kFirstReconnect * (1u << std::min(failures_, 10u)), options_.reconnect_max);
  ++failures_;
  const std::uint64_t jitter =
      keyed_hash(options_.node + std::to_string(loop_.now().time_since_epoch().count())) % 1000;
  reconnect_.arm(longest / 2 + longest * static_cast<std::int64_t>(jitter) / 2000);
}

// What to ask next: a proof when it is due, else what is new until then.
void FeedReader::next() {
  const auto pause = is_proof_wanted_ ? kProofPause : options_.proof_interval();
  const Instant due = proof_sent_ + std::min(pause, options_.proof_interval());
  const Instant now = loop_.clock().now();
  if (due <= now) return prove();
  // Rounded up: a time of 0 would block for ever.
  read_on(std::min(std::chrono::ceil<milliseconds>(due - now), kReadMax));
}

void FeedReader::read_on(milliseconds block) {
  const std::string after = position_->read.text(), block_text = std::to_string(block.count()),
                    count = std::to_string(options_.batch_max);
  connection_->command({"XREAD", "COUNT", count, "BLOCK", block_text, "STREAMS", options_.stream, after},
                       block + options_.answer_timeout(),
                       [this](const Result<redis::Reply>& reply) { on_read(reply); });
}

void FeedReader::on_read(const Result<redis::Reply>& reply) {
  if (!reply) return;  // on_state tells why.
  if (reply->is_error()) return break_off(reply->text);
  if (reply->is_array() && !reply->items.empty()) {
    const auto& stream = reply->items[0].items;
    // PROTOCOL R6: to apply is always safe; what it proves is another matter.
    if (stream.size() != 2 || !apply(stream[1].items)) return break_off("a read answered what no read answers");
  }
  next();
}

void FeedReader::prove() {
  const ProofRequest request{.stream = options_.stream,
                             .node = options_.node,
                             .position = position_ ? &*position_ : nullptr,
                             .lease = options_.lease,
                             .registry = options_.registry,
                             .entries_max = options_.batch_max};
  // PROTOCOL R13: from when it was sent. Read anew, for the turn's time may be of before this process was stopped.
  proof_sent_ = loop_.clock().now();
  is_proof_under_way_ = true;
  connection_->command(proof_words(request), options_.answer_timeout(),
                       [this, sent = proof_sent_](const Result<redis::Reply>& reply) { on_proof(sent, reply); });
}

void FeedReader::on_proof(Instant sent, const Result<redis::Reply>& reply) {
  is_proof_under_way_ = false;
  if (!reply) return;
  const auto proof = parse_proof(*reply);
  if (!proof) return break_off(proof.error().message);
  const bool is_same_life = position_ && proof->identity == position_->identity;
  // The registry has had this node since now, or since before (R15).
  if (!registered_from_ || !is_same_life || sent >= registered_until_) registered_from_ = loop_.clock().now();
  registered_until_ = sent + options_.registry;
  if (on_left_) return say_left();
  is_proof_wanted_ = false;
  if (!is_same_life || proof->last < position_->read) {
    attach(*proof);
    return on_proven(sent);
  }
  const bool is_caught_up = proof->entries.size() < options_.batch_max;
  if (!apply(proof->entries)) return break_off("a proof brought what is no entry");
  // More had come than fitted: that is read first, and proven after it.
  if (!is_caught_up) return read_on(milliseconds{1});
  if (proof->entries_added != position_->entries_added) attach(*proof);
  on_proven(sent);
}

// PROTOCOL R10, R12: whatever this node holds is of another life, or has missed something.
void FeedReader::attach(const Proof& proof) {
  follower_.on_gap();
  // Before anything says so.
  const cache::Invalidated suspect = cache_.begin_generation(proof.last);
  if (position_) count_gap(proof);
  log_info("feed.attached",
           proof.last.text() + "; " + std::to_string(suspect.responses) + " responses to be revalidated");
  position_ = Position{proof.identity, proof.last, proof.last, proof.entries_added};
  is_proof_wanted_ = true;  // So that the registry has the new position.
}

void FeedReader::count_gap(const Proof& proof) {
  counts_.gaps.add();
  const bool is_other = proof.identity != position_->identity;
  if (is_other) counts_.identity_changes.add();
  log_warning("feed.gap", is_other
                              ? "another server, or another life of it; what is held is revalidated"
                              : "events are missing: it counts " + std::to_string(proof.entries_added) + " up to " +
                                    proof.last.text() + ", this node " + std::to_string(position_->entries_added) +
                                    " up to " + position_->read.text() + "; what is held is revalidated");
}

void FeedReader::on_proven(Instant sent) {
  position_->proven = position_->read;
  failures_ = 0;
  cache_.trust().register_node(*registered_from_, registered_until_);
  cache_.trust().extend_lease(sent);
  counts_.proofs.add();
  cache_.set_proven(position_->proven);
  follower_.on_proven(*position_, sent);
  next();
}

bool FeedReader::apply(const std::vector<redis::Reply>& entries) {
  for (const redis::Reply& entry : entries) {
    const auto id = entry.items.size() == 2 ? cache::try_event_id(entry.items[0].text) : std::nullopt;
    if (!id) return false;
    ++position_->entries_added;
    apply_one(*id, entry.items[1].items);
    position_->read = *id;
    is_proof_wanted_ = true;
  }
  if (!entries.empty()) cache_.set_applied(position_->read);
  return true;
}

void FeedReader::apply_one(cache::EventId id, const std::vector<redis::Reply>& fields) {
  const auto event = parse_update_event(fields);
  if (!event) {
    counts_.events_malformed.add();
    return log_warning("feed.malformed", id.text() + ": " + event.error().message);
  }
  follower_.on_event(id, position_->entries_added, event->avatar,
                     cache_.invalidate(event->avatar, {id, event->version}));
  metrics_.invalidated(metrics::Invalidation::Update);
  counts_.events_applied.add();
  // Whoever publishes may write any number.
  const std::uint64_t at_ms = std::min<std::uint64_t>(event->at_ms.value_or(id.milliseconds), INT64_MAX);
  const auto committed = WallTime{milliseconds{static_cast<std::int64_t>(at_ms)}};
  counts_.lag.observe(std::max(loop_.wall() - committed, milliseconds{0}));
}

void FeedReader::break_off(std::string why) { connection_->close(std::move(why)); }

void FeedReader::leave(UniqueFunction<void()> on_left) {
  on_left_ = std::move(on_left);
  reconnect_.disarm();
  if (is_proof_under_way_) return;  // Its answer, or the connection's end, says when.
  if (!connection_) return say_left();
  connection_->close("leaving");
}

// In a later turn, for it may be called by leave().
void FeedReader::say_left() {
  loop_.post([left = std::exchange(on_left_, nullptr)]() mutable {
    if (left) left();
  });
}

}  // namespace edge::feed
