#include "feed/publisher.h"

#include <algorithm>

#include "base/log.h"
#include "base/units.h"
#include "feed/fitness.h"
#include "feed/proof.h"

namespace edge::feed {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kReconnect{500};
// Between two looks at the registry, for all who wait together: soon after a publication, then ever more seldom.
constexpr milliseconds kFirstLook{2};
constexpr milliseconds kLongestLook{50};
// How long a node that leaves stays to publish what it has to, and to take its name out of the registry.
constexpr milliseconds kLeaveTimeout{2'000};
constexpr milliseconds kForgetTimeout{500};
// Of what must be published, so much is under way at once: a Redis that is far away is not to limit how much is.
constexpr std::size_t kPendingSentMax = 100;

}  // namespace

// One publication under way.
struct Publisher::Job {
  UpdateEvent event;
  std::optional<Instant> wait_until;  // None: the nodes are not waited for.
  OnDone on_done;
  bool is_sent = false;
  std::optional<Acknowledging> acknowledging{};  // Once it is written, where it is waited for.
};

Publisher::Publisher(event::EventLoop& loop, const FeedOptions& options, metrics::FeedMetrics& counts,
                     OnSurelyPublished on_surely_published)
    : loop_(loop),
      options_(options),
      counts_(counts),
      on_surely_published_(std::move(on_surely_published)),
      look_(loop, [this] { look(); }),
      reconnect_(loop, [this] { connect(); }),
      leave_deadline_(loop, [this] { say_left(); }) {
  sentinels_.on_ask_failed = [this] { counts_.sentinel_asks_failed.add(); };
  connect();
}

Publisher::~Publisher() = default;

void Publisher::connect() {
  connection_ = std::make_unique<redis::PrimaryConnection>(
      loop_, options_.url, options_.connect_timeout(), sentinels_, [this](const Status& state) { on_state(state); },
      options_.look_at_sentinels());
}

void Publisher::on_state(const Status& state) {
  is_ready_ = state.has_value();
  is_looking_ = false;
  pending_sent_ = 0;
  if (is_ready_) {
    ask_fitness();
    for (auto job = jobs_.begin(); job != jobs_.end(); ++job)
      if (!job->acknowledging) write(job);
    if (on_left_ && pending_.empty()) return forget_node();
    return send_pending();
  }
  loop_.destroy_later(std::move(connection_));
  if (on_left_ && pending_.empty()) return say_left();
  reconnect_.arm(kReconnect);
  // What is written goes on: whoever waits for the nodes waits for Redis too. The rest fails now.
  for (auto job = jobs_.begin(); job != jobs_.end();) {
    const auto next = std::next(job);
    if (!job->acknowledging) finish(job, fail(ErrorCode::Unavailable, state.error().message));
    job = next;
  }
}

// On each connection, for it may lead to another server.
void Publisher::ask_fitness() {
  fitness_.clear();
  const auto questions = fitness_questions(options_.stream);
  for (const auto& question : questions)
    connection_->command(question, options_.answer_timeout(),
                         [this, all = questions.size()](const Result<redis::Reply>& reply) {
                           if (!reply) return;
                           fitness_.push_back(*reply);
                           if (fitness_.size() < all) return;
                           failover_lag_ = failover_lag(fitness_);
                           for (const std::string& problem : judge_fitness(fitness_, !options_.url.sentinels.empty()))
                             log_warning("feed.unfit", problem);
                         });
}

void Publisher::publish(UpdateEvent event, std::optional<milliseconds> wait, OnDone on_done) {
  std::optional<Instant> until;
  if (wait) until = loop_.clock().now() + *wait;
  const bool is_full = jobs_.size() >= kJobsMax;
  const auto job = jobs_.insert(jobs_.end(), Job{std::move(event), until, std::move(on_done)});
  if (is_full) return finish(job, fail(ErrorCode::Unavailable, "too many publications are under way"));
  // While it connects the job waits for that, longer than its `wait` where need be: an update that is late is better
  // than none. With sentinels that takes up to connect_timeout for each of them, for the connection, and for ROLE.
  if (is_ready_) return write(job);
  if (!connection_) finish(job, fail(ErrorCode::Unavailable, options_.url.place() + ": no connection"));
}

void Publisher::write(Jobs::iterator job) {
  if (std::exchange(job->is_sent, true)) return;
  connection_->command(publish_words(options_.stream, job->event, options_.length_max), options_.answer_timeout(),
                       [this, job](const Result<redis::Reply>& reply) { on_written(job, reply); });
}

void Publisher::on_written(Jobs::iterator job, const Result<redis::Reply>& reply) {
  if (!reply) return finish(job, Failure{reply.error()});
  auto written = parse_written(*reply);
  if (!written) return finish(job, Failure{written.error()});
  counts_.published.add();
  if (!job->wait_until) return finish(job, Published{.id = written->id});
  // Counted from when the answer came: not before it was written.
  job->acknowledging.emplace(std::move(*written), loop_.clock().now(), options_.lease, options_.registry,
                             failover_lag_);
  look_pause_ = kFirstLook;
  plan_look();
}

void Publisher::plan_look() {
  if (is_looking_) return;
  look_.arm(look_pause_);
  look_pause_ = std::min(look_pause_ * 2, kLongestLook);
}

void Publisher::look() {
  end_late_waits();
  const bool is_waited = std::any_of(jobs_.begin(), jobs_.end(), [](const Job& job) { return job.acknowledging; });
  if (!is_waited) return;
  if (!is_ready_) return plan_look();
  is_looking_ = true;
  connection_->command(registry_words(options_.stream), options_.answer_timeout(),
                       [this](const Result<redis::Reply>& reply) { on_registry(reply); });
}

void Publisher::on_registry(const Result<redis::Reply>& reply) {
  is_looking_ = false;
  const auto registry = reply ? parse_registry(*reply) : Result<Registry>(Failure{reply.error()});
  if (!registry) {
    log_warning("feed.registry", registry.error().message);
    return plan_look();
  }
  for (auto job = jobs_.begin(); job != jobs_.end();) {
    const auto next = std::next(job);
    if (job->acknowledging) take_in(job, *registry);
    job = next;
  }
  plan_look();
}

void Publisher::take_in(Jobs::iterator job, const Registry& registry) {
  Acknowledging& acknowledging = *job->acknowledging;
  if (acknowledging.is_of_another_life(registry)) {
    log_warning("feed.rewritten", acknowledging.written().id.text() + " may have gone with the server that took it");
    job->acknowledging.reset();
    job->is_sent = false;
    return write(job);
  }
  if (!acknowledging.is_over(registry, loop_.clock().now())) return;
  if (acknowledging.longest_lease() > options_.lease)
    log_warning("feed.lease", "a node has a lease of " + format_duration(acknowledging.longest_lease()) +
                                  ", this one " + format_duration(options_.lease) + "; waits go by the longest");
  const Acknowledgement& outcome = acknowledging.so_far();
  counts_.waits[outcome.was_waited_out ? metrics::WaitEnd::WaitedOut : metrics::WaitEnd::Applied].add();
  finish(job, Published{acknowledging.written().id, outcome});
}

void Publisher::end_late_waits() {
  const Instant now = loop_.clock().now();
  for (auto job = jobs_.begin(); job != jobs_.end();) {
    const auto next = std::next(job);
    if (job->acknowledging && now >= *job->wait_until) {
      counts_.waits[metrics::WaitEnd::TimedOut].add();
      finish(job, Published{job->acknowledging->written().id, job->acknowledging->so_far()});
    }
    job = next;
  }
}

// `on_done` comes in a later turn, for publish() may be what has failed.
void Publisher::finish(Jobs::iterator job, Result<Published> outcome) {
  if (!outcome) counts_.publications_failed.add();
  loop_.post([done = std::move(job->on_done), result = std::move(outcome)]() mutable { done(std::move(result)); });
  jobs_.erase(job);
}

void Publisher::publish_surely(UpdateEvent event) {
  // A long URL that no route matches, and so names an avatar of its own.
  if (event.avatar.size() > UpdateEvent::kAvatarBytesMax) {
    counts_.publications_given_up.add();
    return log_warning("feed.unpublished", "an avatar's name of " + std::to_string(event.avatar.size()) +
                                               " bytes does not fit an event; only this node has dropped it");
  }
  if (pending_.size() == kPendingMax) {
    pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(pending_sent_));
    counts_.publications_pending.subtract();
    counts_.publications_given_up.add();
  }
  pending_.push_back(std::move(event));
  counts_.publications_pending.add();
  send_pending();
}

// In their order; what is not known to have been taken is sent again on the next connection, in its place.
void Publisher::send_pending() {
  while (is_ready_ && pending_sent_ < std::min(pending_.size(), kPendingSentMax))
    connection_->command(xadd_words(options_.stream, pending_[pending_sent_++], options_.length_max),
                         options_.answer_timeout(),
                         [this](const Result<redis::Reply>& reply) { on_pending_sent(reply); });
}

void Publisher::on_pending_sent(const Result<redis::Reply>& reply) {
  // Once one was refused the rest of this connection's answers are not heard: on the next all are sent again.
  if (!reply || !is_ready_) return;
  if (reply->is_error()) {
    is_ready_ = false;
    return connection_->close(reply->text);
  }
  if (const auto id = cache::try_event_id(reply->text); id && on_surely_published_)
    on_surely_published_(pending_.front().avatar, *id);
  pending_.pop_front();
  --pending_sent_;
  counts_.publications_pending.subtract();
  counts_.published.add();
  send_pending();
  if (on_left_ && pending_.empty()) forget_node();
}

void Publisher::leave(milliseconds patience, UniqueFunction<void()> on_left) {
  on_left_ = std::move(on_left);
  leave_deadline_.arm(pending_.empty() ? kLeaveTimeout : std::max(kLeaveTimeout, patience));
  if (!connection_ && pending_.empty()) return say_left();
  // One that still connects is waited for: the reader's has entered this node already.
  if (is_ready_ && pending_.empty()) forget_node();
}

void Publisher::forget_node() {
  connection_->command({"HDEL", registry_key(options_.stream), options_.node}, kForgetTimeout,
                       [this](const Result<redis::Reply>&) { say_left(); });
}

// In a later turn, for leave() may be what calls it.
void Publisher::say_left() {
  leave_deadline_.disarm();
  if (!on_left_) return;
  if (!pending_.empty())
    log_warning("feed.unpublished", std::to_string(pending_.size()) +
                                        " updates of unsafe requests were not published before this node left");
  loop_.post(std::exchange(on_left_, nullptr));
}

}  // namespace edge::feed
