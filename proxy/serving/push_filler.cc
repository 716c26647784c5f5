#include "serving/push_filler.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "http/fields.h"
#include "serving/fill_runner.h"

namespace edge::serving {
namespace {

using std::chrono::milliseconds;

// As the client had it for whom it was: the fields that Vary names, where there were such.
std::string request_lines(const cache::HotResponse& hot) {
  std::string lines;
  for (const http::Field& field : http::parse_lines(hot.selecting)) http::append_line(lines, field.name, field.value);
  http::append_line(lines, "via", "1.1 avatar-edge");
  return lines;
}

}  // namespace

PushFiller::PushFiller(event::EventLoop& loop, cache::MemoryCache& cache, FillRunner& fills,
                       metrics::WorkerMetrics& metrics)
    : loop_(loop), cache_(cache), fills_(fills), metrics_(metrics), due_(loop, [this] { start_due(); }) {}

void PushFiller::push(std::string avatar, cache::HotResponse hot) {
  wait_for_turn({.avatar = std::move(avatar), .hot = std::move(hot)});
}

void PushFiller::wait_for_turn(Wanted wanted) {
  if (queue_.size() >= kQueueMax) return metrics_.pushes[metrics::PushEnd::Dropped].add();
  // The hash's key is this process's own, so the nodes of a site do not agree about it.
  const auto jitter = milliseconds{keyed_hash(wanted.hot.url) % static_cast<std::uint64_t>(kJitter.count())};
  const auto pause = wanted.tries == 0 ? jitter : kRetryPause;
  wanted.due = loop_.now() + pause;
  const auto place = std::upper_bound(queue_.begin(), queue_.end(), wanted.due,
                                      [](Instant due, const Wanted& other) { return due < other.due; });
  queue_.insert(place, std::move(wanted));
  if (!due_.is_armed() && under_way_ < concurrent_max_) due_.arm(pause);
}

void PushFiller::start_due() {
  while (!queue_.empty() && under_way_ < concurrent_max_) {
    const Instant now = loop_.now();
    if (queue_.front().due > now) return due_.arm(std::chrono::ceil<milliseconds>(queue_.front().due - now));
    Wanted wanted = std::move(queue_.front());
    queue_.pop_front();
    start(std::move(wanted));
  }
}

void PushFiller::start(Wanted wanted) {
  // Whoever asks for it first begins its fill then.
  if (fills_.is_shedding()) return metrics_.pushes[metrics::PushEnd::Dropped].add();
  const cache::CacheKey key(wanted.avatar, wanted.hot.url);
  auto lead = cache_.lead_push(key, wanted.hot);
  if (lead.is_being_filled && ++wanted.tries < kTriesMax) return wait_for_turn(std::move(wanted));
  // A client was quicker.
  if (!lead.permit) return metrics_.pushes[metrics::PushEnd::Unneeded].add();
  metrics_.pushes[metrics::PushEnd::Started].add();
  ++under_way_;
  // What nobody asked with is not remembered as not storable for those who ask with more.
  fills_.start({.permit = std::move(*lead.permit),
                .request_lines = request_lines(wanted.hot),
                .avatar = std::move(wanted.avatar),
                .may_remember = false,
                .on_end = [this] { on_ended(); }});
}

void PushFiller::on_ended() {
  --under_way_;
  if (!due_.is_armed() && !queue_.empty()) due_.arm(milliseconds{0});
}

void PushDirectory::push(std::string_view avatar, std::vector<cache::HotResponse> hot) const {
  for (cache::HotResponse& one : hot) {
    const auto [loop, filler] = fillers_[keyed_hash(one.url) % fillers_.size()];
    loop->post([filler = filler, name = std::string(avatar), response = std::move(one)]() mutable {
      filler->push(std::move(name), std::move(response));
    });
  }
}

}  // namespace edge::serving
