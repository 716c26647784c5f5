#include "verify/verifier.h"

#include <algorithm>
#include <csignal>
#include <cstdio>

#include "base/log.h"
#include "base/units.h"
#include "metrics/verify_exposition.h"
#include "verify/report.h"

namespace edge::verify {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kSaveEvery{10'000};
// Of a body that is kept to be compared; avatars are small, and many may be under way.
constexpr std::uint64_t kBodyBytesMax = 1 << 20;
// For the answers that are awaited at the end: a confirmation takes an edge's and an origin's deadline.
constexpr milliseconds kEndPatience{30'000};

// Nobody in production waits longer for our sake than for a client's.
AskerOptions asker_options(const VerifyOptions& options, std::string name, origin::OriginOptions server) {
  server.concurrent_max = options.concurrent_max;
  server.queue_max = options.queue_max;
  server.collect_bytes_max = kBodyBytesMax;
  server.breaker.failed_percent = 0;  // What fails is to be seen.
  return {.name = std::move(name),
          .server = std::move(server),
          .version_header = options.version_header,
          .user_agent = options.user_agent,
          .rate = options.rate,
          .queue_max = options.queue_max};
}

origin::OriginOptions edge_options(const std::string& url) {
  origin::OriginOptions server;
  server.urls = {url};
  server.total_timeout = milliseconds{10'000};
  return server;
}

std::vector<std::string> names(const std::vector<Site>& sites) {
  std::vector<std::string> all;
  for (const Site& site : sites) all.push_back(site.name);
  return all;
}

// Each change costs an edge a request for each time-scale; what is left is for asking again.
double changes_per_second(const VerifyOptions& options) {
  return options.rate * 0.8 / static_cast<double>(options.scales.size());
}

}  // namespace

Verifier::Verifier(VerifyOptions options, std::string version, const Clock& clock, std::uint64_t seed)
    : options_(std::move(options)),
      version_(std::move(version)),
      loop_(clock),
      tally_(names(options_.sites), options_.scales),
      plan_(options_.scales, options_.checks_max),
      sampler_(changes_per_second(options_), seed),
      memory_(options_.remembered_max),
      origin_(std::make_unique<Asker>(loop_, asker_options(options_, "the origin", options_.origin))),
      scene_{loop_, options_, *origin_, sites_},
      metrics_page_(loop_, [this] { return exposition(); }),
      due_(loop_, [this] { begin_due(); }),
      report_due_(loop_, [this] { report(); }),
      save_due_(loop_, [this] { save(); }),
      end_due_(loop_, [this] { is_ending_ ? loop_.stop() : start_end(); }) {
  for (const Site& site : options_.sites)
    sites_.push_back(std::make_unique<Asker>(loop_, asker_options(options_, site.name, edge_options(site.url))));
  for (const int number : {SIGINT, SIGTERM})
    signals_.push_back(std::make_unique<event::SignalWatch>(loop_, number, [this] { on_signal(); }));
}

Verifier::~Verifier() = default;

Status Verifier::prepare() {
  std::optional<cache::EventId> from;
  if (!options_.resume_file.empty()) {
    auto loaded = load_standing(options_.resume_file);
    if (!loaded) return Failure{loaded.error()};
    if (const auto& standing = *loaded) {
      if (standing->stream != options_.feed.stream)
        return fail(ErrorCode::Malformed, options_.resume_file.native() + ": is about the stream " + standing->stream +
                                              ", not " + options_.feed.stream);
      from = standing->position;
      tally_.changes = standing->changes;
      for (const Tally::Row& row : standing->rows) tally_.restore(row);
    }
  }
  feed_ = std::make_unique<FeedFollower>(
      loop_, options_.feed, from, [this](std::span<const FeedEntry> entries) { on_entries(entries); },
      [this](Instant as_of) { on_caught_up(as_of); });
  if (options_.metrics_address.empty()) return {};
  const auto listening = metrics_page_.listen(options_.metrics_address);
  if (!listening) return fail(listening.error().code, "--metrics: " + listening.error().message);
  log_info("verify.listening", "http://" + *listening + "/metrics");
  return {};
}

Status Verifier::run() {
  feed_->start();
  report_due_.arm(options_.report_every);
  if (!options_.resume_file.empty()) save_due_.arm(kSaveEvery);
  if (options_.run_for) end_due_.arm(*options_.run_for);
  loop_.run();
  save();
  report();
  if (!feed_->was_ever_connected())
    return fail(ErrorCode::Unavailable, "nothing was checked: the update feed was never heard");
  return {};
}

// What came together is sampled together; that an avatar changed again counts even where that change is not chosen.
void Verifier::on_entries(std::span<const FeedEntry> entries) {
  std::vector<const FeedEntry*> events;
  for (const FeedEntry& entry : entries) {
    ++tally_.changes.read;
    if (!entry.event) {
      ++tally_.changes.malformed;
      continue;
    }
    if (const auto found = newest_of_avatar_.find(entry.event->avatar); found != newest_of_avatar_.end())
      inquiries_.at(found->second)->supersede();
    events.push_back(&entry);
  }
  if (is_ending_) {
    tally_.changes.skipped += events.size();
    return;
  }
  const auto chosen = sampler_.choose(events.size(), loop_.now());
  tally_.changes.skipped += events.size() - chosen.size();
  for (const std::size_t index : chosen) take_up(*events[index]);
  arm_due();
}

void Verifier::take_up(const FeedEntry& entry) {
  const feed::UpdateEvent& event = *entry.event;
  auto target = options_.target.try_fill(event.avatar);
  if (!target) {
    ++tally_.changes.malformed;
    return;
  }
  const std::uint64_t number = next_number_;
  // The clock itself: a turn may have begun before the event was there.
  const Instant heard = loop_.clock().now();
  if (!plan_.add(number, heard)) {
    ++tally_.changes.skipped;
    return;
  }
  ++next_number_;
  ++tally_.changes.checked;
  // Of two changes in one batch, the first.
  if (const auto found = newest_of_avatar_.find(event.avatar); found != newest_of_avatar_.end())
    inquiries_.at(found->second)->supersede();
  Change change{.id = entry.id,
                .avatar = event.avatar,
                .target = *std::move(target),
                .version = event.version,
                .before = memory_.try_recall(event.avatar),
                .heard = heard};
  auto& inquiry = inquiries_
                      .emplace(number, std::make_unique<Inquiry>(scene_, number, std::move(change),
                                                                 static_cast<InquiryOwner&>(*this)))
                      .first->second;
  newest_of_avatar_[event.avatar] = number;
  inquiry->start();
}

void Verifier::on_caught_up(Instant as_of) {
  // An inquiry may leave while it is told, and no other one.
  for (auto it = inquiries_.begin(); it != inquiries_.end();) (it++)->second->on_caught_up(as_of);
}

void Verifier::begin_due() {
  for (const Plan::Due& due : plan_.take_due(loop_.now()))
    if (const auto found = inquiries_.find(due.change); found != inquiries_.end())
      found->second->begin(due.scale, due.at);
  arm_due();
}

void Verifier::arm_due() {
  if (const auto next = plan_.next(); next && !is_ending_)
    due_.arm(std::chrono::ceil<milliseconds>(*next - loop_.now()));
}

void Verifier::on_first(const Inquiry& inquiry, const Answer& answer) {
  if (answer.is_usable()) memory_.keep(inquiry.change().avatar, answer);
}

void Verifier::on_outcome(std::size_t site, std::size_t scale, Outcome outcome) { tally_.add(site, scale, outcome); }

void Verifier::on_accused(const Inquiry& inquiry, const Check& check) {
  const Change& change = inquiry.change();
  log_error("verify.inconsistent", describe_accusation({.site = options_.sites[check.site()].name,
                                                        .avatar = change.avatar,
                                                        .target = change.target,
                                                        .event = change.id.text(),
                                                        .scale = format_duration(options_.scales[check.scale()]),
                                                        .asked_at = check.asked_at()},
                                                       check.evidence()));
}

void Verifier::on_inquiry_done(std::uint64_t number) {
  const auto found = inquiries_.find(number);
  if (const auto newest = newest_of_avatar_.find(found->second->change().avatar);
      newest != newest_of_avatar_.end() && newest->second == number)
    newest_of_avatar_.erase(newest);
  loop_.destroy_later(std::move(found->second));
  inquiries_.erase(found);
  if (is_ending_) end_if_idle();
}

void Verifier::on_signal() { is_ending_ ? loop_.stop() : start_end(); }

// What is planned is dropped, what has been asked is still awaited, and the feed heard as long.
void Verifier::start_end() {
  is_ending_ = true;
  due_.disarm();
  end_due_.arm(kEndPatience);
  for (auto it = inquiries_.begin(); it != inquiries_.end();) (it++)->second->cut_short();
  end_if_idle();
}

void Verifier::end_if_idle() {
  if (inquiries_.empty()) loop_.stop();
}

void Verifier::report() {
  std::fputs(summary(loop_.wall(), tally_).c_str(), stdout);
  std::fflush(stdout);
  report_due_.arm(options_.report_every);
}

void Verifier::save() {
  if (options_.resume_file.empty()) return;
  const Standing standing{options_.feed.stream, feed_->position(), tally_.changes, tally_.rows()};
  if (const Status saved = save_standing(options_.resume_file, standing); !saved)
    log_error("verify.not_saved", saved.error().message);
  save_due_.arm(kSaveEvery);
}

std::string Verifier::exposition() const {
  metrics::VerifyNumbers numbers{.version = version_,
                                 .outcome_labels = kOutcomeLabels,
                                 .checks = {},
                                 .changes_checked = tally_.changes.checked,
                                 .changes_skipped = tally_.changes.skipped,
                                 .changes_malformed = tally_.changes.malformed,
                                 .changes_pending = inquiries_.size(),
                                 .is_feed_connected = feed_->is_connected()};
  for (const Tally::Row& row : tally_.rows())
    numbers.checks.push_back(
        {.site = row.site, .after = row.scale, .outcomes = row.counts, .share_bound = row.bound()});
  return metrics::verify_exposition(numbers);
}

}  // namespace edge::verify
