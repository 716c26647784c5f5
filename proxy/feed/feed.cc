#include "feed/feed.h"

#include <algorithm>

namespace edge::feed {

Feed::Feed(const FeedOptions& options, const Clock& clock, cache::MemoryCache& cache, metrics::Metrics& metrics)
    : options_(options), clock_(clock), loop_(clock), cache_(cache), metrics_(metrics) {
  cache.trust().require_lease(options.lease);
}

Feed::~Feed() { stop(); }

void Feed::start(std::string node) {
  options_.node = std::move(node);
  publisher_ = std::make_unique<Publisher>(loop_, options_, metrics_.feed());
  reader_ = std::make_unique<FeedReader>(loop_, options_, cache_, metrics_,
                                         [this](cache::EventId position) { set_position(position); });
  thread_ = std::thread([this] { run(); });
}

void Feed::run() {
  reader_->start();
  loop_.run();
  // What libraries hold of this thread goes on this thread.
  reader_.reset();
  publisher_.reset();
}

void Feed::stop() {
  if (!thread_.joinable()) return;
  loop_.post([this] { reader_->leave([this] { publisher_->leave([this] { loop_.stop(); }); }); });
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

void Feed::set_position(cache::EventId position) {
  MutexLock lock(mutex_);
  position_ = position;
}

std::chrono::nanoseconds Feed::lease_left() const {
  return std::max(cache_.trust().lease_until() - clock_.now(), std::chrono::nanoseconds{0});
}

}  // namespace edge::feed
