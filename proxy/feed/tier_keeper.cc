#include "feed/tier_keeper.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "base/log.h"
#include "feed/identity.h"
#include "feed/update_event.h"
#include "tier2/fitness.h"

namespace edge::feed {
namespace {

using std::chrono::milliseconds;
using tier2::kBuckets;
using tier2::Point;
using tier2::TierEvent;

constexpr milliseconds kLook{1'000};
constexpr milliseconds kAgain{200};
constexpr std::uint32_t kMovesInVainMax = 3;
constexpr milliseconds kAfterVainMoves{5'000};
constexpr std::size_t kReplayBatch = 1'000;
constexpr std::size_t kEventsPerApply = 500;

// KEYS: stream. ARGV: after, up to, how many. The identity is asked in the same breath, so that what is replayed is of
// the life that it is compared in (PROTOCOL R26).
std::string_view replay_script() {
  static const std::string script =
      std::string(kIdentityLua) +
      "return {identity, redis.call('XRANGE', KEYS[1], '(' .. ARGV[1], ARGV[2], 'COUNT', ARGV[3])}";
  return script;
}

redis::LinkOptions tier_link(const FeedOptions& feed, const tier2::TierOptions& tier) {
  return {.url = tier.url,
          .connect_timeout = feed.connect_timeout(),
          .in_flight_max = 100'000,
          .scripts = tier2::scripts()};
}

redis::LinkOptions replay_link(const FeedOptions& feed) {
  return {.url = feed.url, .connect_timeout = feed.connect_timeout(), .scripts = {replay_script()}};
}

}  // namespace

TierKeeper::TierKeeper(event::EventLoop& loop, const FeedOptions& feed, const tier2::TierOptions& options,
                       tier2::TierState& state, metrics::TierMetrics& counts, UniqueFunction<void()> want_proof)
    : loop_(loop),
      feed_options_(feed),
      options_(options),
      layout_(options.prefix),
      state_(state),
      counts_(counts),
      want_proof_(std::move(want_proof)),
      link_(loop, tier_link(feed, options), [this](const Status& link) { on_link(link); }),
      feed_link_(loop, replay_link(feed),
                 [](const Status& link) {
                   if (!link) log_warning("tier.replay", "the feed cannot be read again: " + link.error().message);
                 }),
      look_(loop, [this] { look(); }),
      again_(loop, [this] { start_over(); }) {
  link_.sentinels().on_switch = [this] { counts_.primary_switches.add(); };
  link_.sentinels().on_ask_failed = [this] { counts_.sentinel_asks_failed.add(); };
}

TierKeeper::~TierKeeper() { state_.close(); }

void TierKeeper::on_link(const Status& link) {
  if (link) {
    counts_.connected.add();
    state_.set_primary(link_.place());
    log_info("tier.connected", link_.place());
    look_.arm(kLook);
    ask_fitness();
    return start_over();
  }
  if (counts_.connected.value() != 0) {
    counts_.connected.subtract();
    counts_.connections_lost.add();
    state_.set_primary({});
  }
  log_warning("tier.lost", link.error().message);
  state_.close();
  ++round_;
  step_ = Step::Down;
  pending_.clear();
  look_.disarm();
  again_.disarm();
}

// On each connection, for it may lead to another server. Whatever comes of it, the tier is tried.
void TierKeeper::ask_fitness() {
  fitness_.clear();
  const auto questions = tier2::fitness_questions();
  for (const auto& question : questions) {
    const std::vector<std::string_view> views{question.begin(), question.end()};
    static_cast<void>(link_.try_command(views, options_.answer_timeout(),
                                        [this, all = questions.size()](const Result<redis::Reply>& reply) {
                                          if (!reply) return;
                                          fitness_.push_back(*reply);
                                          if (fitness_.size() < all) return;
                                          for (const std::string& problem : tier2::judge_fitness(fitness_))
                                            log_warning("tier.unfit", problem);
                                        }));
  }
}

// Whatever was under way is not listened to any more; what it does to the tier does no harm.
void TierKeeper::start_over() {
  state_.close();
  again_.disarm();
  if (!link_.is_ready()) return;
  ++round_;
  step_ = Step::Epoch;
  batches_ = 0;
  ask({"GET", layout_.epoch_key()}, [this](const Result<redis::Reply>& reply) { on_epoch(reply); });
}

void TierKeeper::start_over_soon() {
  state_.close();
  ++round_;
  again_.arm(kAgain);
}

void TierKeeper::on_epoch(const Result<redis::Reply>& reply) {
  epoch_ = reply->text;
  if (epoch_.empty()) return move_epoch("there is none");
  if (epochs_to_move_ > 0) return move_epoch("everything is purged");
  step_ = Step::Clean;
  buckets_known_ = 0;
  for (std::uint32_t bucket = 0; bucket < kBuckets; ++bucket) ask_clean(bucket);
}

void TierKeeper::ask_clean(std::uint32_t bucket) {
  const tier2::Words words = tier2::clean_words(epoch_, bucket, layout_);
  const std::vector<std::string_view> views{words.begin(), words.end()};
  if (!link_.try_command(views, options_.answer_timeout(),
                         in_this_round([this, bucket](const Result<redis::Reply>& reply) { on_clean(bucket, reply); })))
    link_.break_off("more is under way than it may be");
}

void TierKeeper::on_clean(std::uint32_t bucket, const Result<redis::Reply>& reply) {
  if (!reply) return;  // on_link tells why.
  // A key that is no guard, by whoever's hand, goes when the bucket is born.
  auto clean = reply->is_error() && reply->text.starts_with("WRONGTYPE") ? tier2::Clean{} : tier2::parse_clean(*reply);
  if (!clean && reply->is_error()) {
    counts_.refused.add();
    return link_.break_off(reply->text);
  }
  if (!clean) return move_epoch("a guard in it makes no sense");
  buckets_[bucket] = *std::move(clean);
  if (++buckets_known_ < kBuckets) return;
  clean_known_at_ = loop_.clock().now();
  step_ = Step::Proof;
  want_proof_();
}

void TierKeeper::on_proven(const Position& position, Instant sent) {
  position_ = position;
  if (step_ == Step::Proof && sent >= clean_known_at_) return compare();
  if (step_ == Step::Open) return flush();
  // So that what is being found out does not wait long for the next one.
  if (step_ != Step::Down) want_proof_();
}

void TierKeeper::on_event(cache::EventId id, std::uint64_t entries_added, std::string_view avatar) {
  if (step_ == Step::Down) return;
  pending_.push_back({{id, entries_added}, std::string(avatar)});
  if (pending_.size() > kPendingMax) link_.break_off("it does not take events as fast as they come");
}

void TierKeeper::on_gap() {
  pending_.clear();
  position_.reset();
  start_over();
}

// PROTOCOL R25, R26: what is known now is where the buckets stood, and where this node stands since.
void TierKeeper::compare() {
  target_ = {position_->proven, position_->entries_added};
  const tier2::Clean* oldest = nullptr;
  for (const tier2::Clean& clean : buckets_) {
    if (clean.identity.empty()) continue;
    if (clean.identity != position_->identity) return move_epoch("it is of another life of the feed");
    const bool is_past = clean.at.id > target_.id || clean.at.added > target_.added;
    if (is_past || (clean.at.id == target_.id && clean.at.added != target_.added))
      return move_epoch("it does not count as the feed does");
    if (!oldest || clean.at.id < oldest->at.id) oldest = &clean;
  }
  replayed_.clear();
  if (!oldest || oldest->at == target_) return catch_up();
  reached_ = oldest->at;
  if (target_.added - reached_.added > kReplayMax) return move_epoch("the feed has gone too far meanwhile");
  counts_.replays.add();
  step_ = Step::Replay;
  replay();
}

void TierKeeper::replay() {
  const std::string after = reached_.id.text(), up_to = target_.id.text(), count = std::to_string(kReplayBatch);
  const bool is_sent =
      feed_link_.try_script(0, {"1", feed_options_.stream, after, up_to, count}, feed_options_.answer_timeout(),
                            in_this_round([this](const Result<redis::Reply>& reply) { on_replayed(reply); }));
  if (!is_sent) start_over_soon();
}

void TierKeeper::on_replayed(const Result<redis::Reply>& reply) {
  if (!reply || !reply->is_array() || reply->items.size() != 2) return start_over_soon();
  // The reader will find that gap, too.
  if (!position_ || reply->items[0].text != position_->identity) return start_over_soon();
  const std::vector<redis::Reply>& entries = reply->items[1].items;
  if (!take_replayed(entries)) return start_over_soon();
  if (entries.size() == kReplayBatch && reached_.id != target_.id) return replay();
  if (reached_ != target_) return move_epoch("the feed no longer reaches back to where it stands");
  catch_up();
}

// False when an entry is not one.
bool TierKeeper::take_replayed(const std::vector<redis::Reply>& entries) {
  for (const redis::Reply& entry : entries) {
    const auto id = entry.items.size() == 2 ? cache::try_event_id(entry.items[0].text) : std::nullopt;
    if (!id) return false;
    reached_ = {*id, reached_.added + 1};
    counts_.events_replayed.add();
    if (auto event = parse_update_event(entry.items[1].items))
      replayed_.push_back({reached_, std::move(event->avatar)});
  }
  return true;
}

void TierKeeper::catch_up() {
  step_ = Step::Catching;
  for (std::uint32_t bucket = 0; bucket < kBuckets; ++bucket) {
    const tier2::Clean& clean = buckets_[bucket];
    std::vector<const TierEvent*> events;
    if (!clean.identity.empty())
      for (const TierEvent& event : replayed_)
        if (event.at.id > clean.at.id && tier2::Layout::bucket_of(event.avatar) == bucket) events.push_back(&event);
    apply(bucket, clean.identity.empty() ? target_ : clean.at, target_, events);
  }
  replayed_.clear();
}

void TierKeeper::open() {
  told_ = target_;
  while (!pending_.empty() && pending_.front().at.id <= told_.id) pending_.pop_front();
  step_ = Step::Open;
  moves_in_vain_ = 0;
  for (auto& [avatar, is_told] : to_forget_) is_told = false;
  send_forgotten();
  counts_.opened.add();
  log_info("tier.open", "epoch " + epoch_ + ", " + told_.id.text());
  state_.open({epoch_, position_->identity});
  flush();
}

// PROTOCOL R27.
void TierKeeper::move_epoch(std::string_view why) {
  step_ = Step::Epoch;  // Proofs that come meanwhile are compared with nothing.
  if (moves_in_vain_ >= kMovesInVainMax) {
    log_warning("tier.epoch", "it was moved " + std::to_string(moves_in_vain_) +
                                  " times in vain, and would be again: " + std::string(why));
    moves_in_vain_ = 0;
    start_over_soon();
    return again_.arm(kAfterVainMoves);
  }
  ++moves_in_vain_;
  log_info("tier.epoch", "the tier begins anew: " + std::string(why));
  const std::string to = unique_name();
  OnReply go_on = if_good([this, to](const Result<redis::Reply>& reply) { on_epoch_moved(to, reply); });
  // Counted also where something else has begun meanwhile: it has moved all the same.
  send(tier2::MoveEpoch, tier2::move_epoch_words(epoch_, to, layout_),
       [this, to, tell = std::move(go_on)](const Result<redis::Reply>& reply) mutable {
         if (reply && reply->text == to) counts_.epochs_moved.add();
         tell(reply);
       });
}

void TierKeeper::on_epoch_moved(const std::string& to, const Result<redis::Reply>& reply) {
  if (reply->text == to) state_.allow(std::exchange(epochs_to_move_, 0));
  // Where another node was quicker, a purge of everything tries again, for it may not know of that.
  start_over();
}

// Tells the tier what is proven. One batch at a time: a slow Redis is not to be buried.
void TierKeeper::flush() {
  const Point here{position_->proven, position_->entries_added};
  if (batches_ > 0 || told_ == here) return;
  std::array<std::vector<const TierEvent*>, kBuckets> events;
  const auto end = std::find_if(pending_.begin(), pending_.end(), [&](const auto& one) { return one.at.id > here.id; });
  for (auto event = pending_.begin(); event != end; ++event)
    events[tier2::Layout::bucket_of(event->avatar)].push_back(&*event);
  for (std::uint32_t bucket = 0; bucket < kBuckets; ++bucket) apply(bucket, told_, here, events[bucket]);
  counts_.events_applied.add(static_cast<std::uint64_t>(end - pending_.begin()));
  pending_.erase(pending_.begin(), end);
  told_ = here;
}

// PROTOCOL R23: a part of it that does not arrive makes what follows it stay behind, and that is answered.
void TierKeeper::apply(std::uint32_t bucket, Point from, const Point& to, const std::vector<const TierEvent*>& events) {
  tier2::ApplyCall call{
      .epoch = epoch_, .bucket = bucket, .identity = position_->identity, .floors_max = kFloorsPerBucket};
  std::size_t done = 0;
  do {
    const std::size_t count = std::min(kEventsPerApply, events.size() - done);
    const auto begin = events.begin() + static_cast<std::ptrdiff_t>(done);
    call.events.assign(begin, begin + static_cast<std::ptrdiff_t>(count));
    done += count;
    call.from = from;
    call.to = done == events.size() ? to : call.events.back()->at;
    from = call.to;
    const std::string birth = unique_name();
    call.birth = birth;
    ++batches_;
    run(tier2::Apply, tier2::words_of(call, layout_), [this](const Result<redis::Reply>& reply) { on_applied(reply); });
  } while (done < events.size());
}

void TierKeeper::on_applied(const Result<redis::Reply>& reply) {
  const auto end = tier2::parse_apply(*reply);
  if (!end) return link_.break_off(end.error().message);
  switch (*end) {
    case tier2::ApplyEnd::Moved:
    case tier2::ApplyEnd::Born:
      break;
    case tier2::ApplyEnd::Behind:
    case tier2::ApplyEnd::OtherLife:
      log_warning("tier.behind", "it is not where this node left it; what it lacks is replayed");
      return start_over_soon();
  }
  if (--batches_ > 0) return;
  if (step_ == Step::Catching) return open();
  if (step_ == Step::Open) flush();
}

// Another node may have moved the epoch; and a bucket that Redis has evicted is born again, also where no event comes.
void TierKeeper::look() {
  look_.arm(kLook);
  if (step_ != Step::Open) return;
  ask({"GET", layout_.epoch_key()}, [this](const Result<redis::Reply>& reply) {
    if (reply->text != epoch_) start_over();
  });
  if (batches_ > 0) return;
  for (std::uint32_t bucket = 0; bucket < kBuckets; ++bucket) apply(bucket, told_, told_, {});
}

void TierKeeper::forget(std::string avatar) {
  to_forget_[std::move(avatar)] = false;
  if (to_forget_.size() > kForgetMax) {
    to_forget_.clear();
    state_.forbid();
    return forget_all();
  }
  if (step_ == Step::Open) send_forgotten();
}

void TierKeeper::send_forgotten() {
  for (auto& [avatar, is_told] : to_forget_) {
    if (std::exchange(is_told, true)) continue;
    ask({"UNLINK", layout_.entries_key(epoch_, avatar)}, [this, name = avatar](const Result<redis::Reply>&) {
      counts_.forgotten.add();
      const auto found = to_forget_.find(name);
      if (found != to_forget_.end() && found->second) to_forget_.erase(found);
    });
  }
}

void TierKeeper::forget_all() {
  ++epochs_to_move_;
  start_over();
}

TierKeeper::OnReply TierKeeper::in_this_round(OnReply on_reply) {
  return [this, round = round_, tell = std::move(on_reply)](const Result<redis::Reply>& reply) mutable {
    if (round == round_) tell(reply);
  };
}

// `on_reply` gets answers alone: an error breaks the connection, and with the next one all begins anew.
TierKeeper::OnReply TierKeeper::if_good(OnReply on_reply) {
  return in_this_round([this, tell = std::move(on_reply)](const Result<redis::Reply>& reply) mutable {
    if (!reply) return;  // on_link tells why.
    if (!reply->is_error()) return tell(reply);
    counts_.refused.add();
    link_.break_off(reply->text);
  });
}

void TierKeeper::ask(const std::vector<std::string>& words, OnReply on_reply) {
  const std::vector<std::string_view> views{words.begin(), words.end()};
  if (!link_.try_command(views, options_.answer_timeout(), if_good(std::move(on_reply))))
    link_.break_off("more is under way than it may be");
}

void TierKeeper::run(tier2::Script script, const tier2::Words& words, OnReply on_reply) {
  send(script, words, if_good(std::move(on_reply)));
}

void TierKeeper::send(tier2::Script script, const tier2::Words& words, OnReply on_reply) {
  const std::vector<std::string_view> views{words.begin(), words.end()};
  if (!link_.try_script(script, views, options_.answer_timeout(), std::move(on_reply)))
    link_.break_off("more is under way than it may be");
}

// The hash's key is this process's own and random.
std::string TierKeeper::unique_name() {
  const std::string seed = feed_options_.node + "/" + std::to_string(++names_given_) + "/" +
                           std::to_string(loop_.clock().now().time_since_epoch().count());
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string name;
  for (std::uint64_t bits = keyed_hash(seed), i = 0; i < 16; ++i, bits >>= 4) name += kDigits[bits & 15];
  return name;
}

}  // namespace edge::feed
