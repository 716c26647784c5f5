#include "serving/tier.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "base/log.h"
#include "http/fields.h"
#include "tier2/entry.h"

namespace edge::serving {
namespace {

using metrics::TierLookEnd;
using metrics::TierPutEnd;
using std::chrono::milliseconds;

// Shorter is not worth its way.
constexpr milliseconds kTtlMin{1'000};
// Less often than who tells the tier of events: what a deposed primary still gives is judged like anything else
// (PROTOCOL R20), and there are many workers.
constexpr milliseconds kLookAtSentinels{5'000};

std::string vary_of(const cache::StoredResponse& response) {
  if (response.selecting().empty()) return {};
  return http::parse_lines(std::string(response.withheld()).append(response.fields())).combined(http::FieldName::Vary);
}

}  // namespace

Tier::Tier(event::EventLoop& loop, const tier2::TierOptions& options, const tier2::TierState& state,
           cache::MemoryBudget& budget, metrics::WorkerMetrics& metrics)
    : loop_(loop),
      options_(options),
      state_(state),
      node_(std::to_string(keyed_hash("claims"))),  // The key is this process's own and random.
      layout_(options.prefix),
      budget_(budget),
      metrics_(metrics),
      link_(loop, {.url = options.url, .scripts = tier2::scripts(), .look = kLookAtSentinels},
            [this](const Status&) { redis_ms_.reset(); }) {}

Tier::~Tier() = default;

std::unique_ptr<TierLook> Tier::try_look(TierQuestion question, TierLook::OnDone on_done) {
  auto place = state_.place();
  if (!place || !link_.is_ready()) {
    metrics_.tier_looks[TierLookEnd::Unavailable].add();
    return nullptr;
  }
  if (is_passed_over()) {
    metrics_.tier_looks[TierLookEnd::PassedOver].add();
    return nullptr;
  }
  auto look = std::make_unique<TierLook>(*this, std::move(place), std::move(question), std::move(on_done));
  if (look->ask()) return look;
  is_trying_again_ = false;
  metrics_.tier_looks[TierLookEnd::Unavailable].add();
  return nullptr;
}

bool Tier::is_passed_over() {
  if (late_in_row_ < kLateInRowMax) return false;
  if (loop_.now() < passed_over_until_ || is_trying_again_) return true;
  is_trying_again_ = true;
  return false;
}

void Tier::note_answer(bool in_time) {
  is_trying_again_ = false;
  if (in_time) {
    if (late_in_row_ >= kLateInRowMax) metrics_.tier_passed_over.subtract();
    late_in_row_ = 0;
    return;
  }
  if (late_in_row_ < kLateInRowMax && ++late_in_row_ == kLateInRowMax) metrics_.tier_passed_over.add();
  if (late_in_row_ == kLateInRowMax) passed_over_until_ = loop_.now() + kPassedOver;
}

void Tier::note_time(std::uint64_t redis_ms) {
  redis_ms_ = redis_ms;
  redis_ms_at_ = loop_.now();
}

bool Tier::put(const TierPut& what) {
  const auto leave = [this](TierPutEnd end) {
    metrics_.tier_puts[end].add();
    return false;
  };
  const Instant now = loop_.now();
  const auto ttl = std::min(std::chrono::floor<milliseconds>(what.usable_until - now), options_.ttl_max);
  if (what.response->body().size() > options_.object_bytes_max) return leave(TierPutEnd::TooLarge);
  if (ttl < kTtlMin || !redis_ms_ || late_in_row_ >= kLateInRowMax) return leave(TierPutEnd::Skipped);
  const std::string bytes = tier2::encode_entry(*what.response, {what.as_of, now, what.usable_until});
  if (put_bytes_ + bytes.size() > kPutBytesMax) return leave(TierPutEnd::Skipped);
  const std::string vary = vary_of(*what.response);
  vary_ = vary;
  const auto since = std::chrono::floor<milliseconds>(now - redis_ms_at_);
  const tier2::Words words =
      tier2::words_of(tier2::PutCall{.epoch = what.place->epoch,
                                     .identity = what.place->identity,
                                     .avatar = what.avatar,
                                     .url = what.response->url(),
                                     .vary = vary,
                                     .selecting = what.response->selecting(),
                                     .as_of = what.as_of,
                                     .floor = what.floor,
                                     .put_at_ms = *redis_ms_ + static_cast<std::uint64_t>(since.count()),
                                     .ttl = ttl,
                                     .bytes = bytes},
                      layout_);
  const std::vector<std::string_view> views{words.begin(), words.end()};
  const bool is_sent =
      link_.try_script(tier2::Put, views, options_.answer_timeout(),
                       [this, size = bytes.size()](const Result<redis::Reply>& reply) { on_put(size, reply); });
  if (!is_sent) return leave(TierPutEnd::Skipped);
  put_bytes_ += bytes.size();
  return true;
}

void Tier::on_put(std::size_t bytes, const Result<redis::Reply>& reply) {
  put_bytes_ -= bytes;
  const auto end = reply ? tier2::parse_put(*reply) : Result<tier2::PutEnd>(Failure{reply.error()});
  if (!end) {
    log_warning("tier.put", end.error().message);
    return metrics_.tier_puts[TierPutEnd::Error].add();
  }
  metrics_.tier_puts[*end == tier2::PutEnd::Stored ? TierPutEnd::Stored : TierPutEnd::Refused].add();
}

void Tier::release_claim(const TierLook& look) {
  const std::string key = layout_.claim_key(look.place()->epoch, look.question().avatar, look.question().url);
  // Where it cannot be sent the claim runs out by itself.
  static_cast<void>(link_.try_command({"UNLINK", key}, options_.answer_timeout(), [](const Result<redis::Reply>&) {}));
}

}  // namespace edge::serving
