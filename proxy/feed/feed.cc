#include "feed/feed.h"

#include <algorithm>

namespace edge::feed {

Feed::Feed(const FeedOptions& options, std::optional<Tier> tier, const Clock& clock, cache::MemoryCache& cache,
           metrics::Metrics& metrics)
    : options_(options), tier_(std::move(tier)), clock_(clock), loop_(clock), cache_(cache), metrics_(metrics) {
  cache.trust().require_lease(options.lease);
}

Feed::~Feed() { stop(); }

void Feed::start(std::string node, OnHot on_hot) {
  on_hot_ = std::move(on_hot);
  options_.node = std::move(node);
  publisher_ = std::make_unique<Publisher>(
      loop_, options_, metrics_.feed(),
      [this](const std::string& avatar, cache::EventId id) { cache_.note_published(avatar, id); });
  FeedFollower& follower = *this;
  reader_ = std::make_unique<FeedReader>(loop_, options_, cache_, metrics_, follower);
  if (tier_)
    keeper_ = std::make_unique<TierKeeper>(loop_, options_, tier_->options, tier_->state, metrics_.tier(),
                                           [this] { reader_->want_proof(); });
  thread_ = std::thread([this] { run(); });
}

void Feed::run() {
  reader_->start();
  loop_.run();
  // What libraries hold of this thread goes on this thread.
  keeper_.reset();
  reader_.reset();
  publisher_.reset();
}

void Feed::stop(std::chrono::milliseconds patience) {
  if (!thread_.joinable()) return;
  loop_.post([this, patience] {
    reader_->leave([this, patience] { publisher_->leave(patience, [this] { loop_.stop(); }); });
  });
  thread_.join();
}

void Feed::publish(UpdateEvent event, std::optional<std::chrono::milliseconds> wait, Publisher::OnDone on_done) {
  loop_.post([this, event = std::move(event), wait, done = std::move(on_done)]() mutable {
    publisher_->publish(std::move(event), wait, std::move(done));
  });
}

void Feed::publish_surely(UpdateEvent event) {
  loop_.post([this, event = std::move(event)]() mutable { publisher_->publish_surely(std::move(event)); });
}

std::optional<cache::EventId> Feed::position() const {
  MutexLock lock(mutex_);
  return position_;
}

void Feed::forget_in_tier(std::string avatar) {
  if (tier_) loop_.post([this, name = std::move(avatar)]() mutable { keeper_->forget(std::move(name)); });
}

void Feed::forget_all_in_tier() {
  if (!tier_) return;
  tier_->state.forbid();
  loop_.post([this] { keeper_->forget_all(); });
}

std::optional<Feed::Standing> Feed::standing() const {
  Standing now{.generation = cache_.trust().generation()};
  {
    MutexLock lock(mutex_);
    if (!position_) return std::nullopt;
    now.identity = identity_;
    now.position = *position_;
  }
  // A gap takes the identity away before it begins a generation, and the proof that ends it comes after that.
  if (now.identity.empty() || now.generation != cache_.trust().generation()) return std::nullopt;
  return now;
}

std::string Feed::primary() const {
  MutexLock lock(mutex_);
  return primary_;
}

void Feed::on_primary(const std::string& place) {
  MutexLock lock(mutex_);
  primary_ = place;
}

void Feed::on_gap() {
  {
    MutexLock lock(mutex_);
    identity_.clear();
  }
  hot_.clear();
  if (keeper_) keeper_->on_gap();
}

void Feed::on_event(cache::EventId id, std::uint64_t entries_added, std::string_view avatar,
                    cache::Invalidated dropped) {
  if (on_hot_ && !dropped.hot.empty()) hot_.emplace_back(avatar, std::move(dropped.hot));
  if (keeper_) keeper_->on_event(id, entries_added, avatar);
}

void Feed::on_proven(const Position& position, Instant sent) {
  {
    MutexLock lock(mutex_);
    position_ = position.proven;
    identity_ = position.identity;
  }
  if (keeper_) keeper_->on_proven(position, sent);
  for (auto& [avatar, hot] : hot_) on_hot_(avatar, std::move(hot));
  hot_.clear();
}

std::chrono::nanoseconds Feed::lease_left() const {
  return std::max(cache_.trust().lease_until() - clock_.now(), std::chrono::nanoseconds{0});
}

}  // namespace edge::feed
