#include "admin/hottest.h"

#include <algorithm>
#include <atomic>
#include <nlohmann/json.hpp>
#include <vector>

#include "admin/answers.h"
#include "admin/audit.h"
#include "admin/space_saving.h"
#include "base/mutex.h"
#include "http/characters.h"
#include "http/target.h"

namespace edge::admin {
namespace {

constexpr std::size_t kWatchNameBytesMax = 64;

// More threads than this share.
constexpr std::size_t kParts = 16;

std::size_t part_of_this_thread() {
  static std::atomic<std::size_t> threads{0};
  thread_local const std::size_t mine = threads.fetch_add(1, std::memory_order_relaxed) % kParts;
  return mine;
}

struct Wanted {
  std::string_view watch;
  bool is_last = false;
};

Result<Wanted> parse_wanted(std::string_view query) {
  constexpr std::string_view kName = "watch=", kLast = "&last";
  if (query.empty()) return Wanted{};
  const bool is_last = query.ends_with(kLast);
  if (is_last) query.remove_suffix(kLast.size());
  const bool is_watch = query.starts_with(kName);
  const std::string_view name = is_watch ? query.substr(kName.size()) : query;
  const bool is_good = std::ranges::all_of(name, [](char c) { return http::is_in(http::kUnreservedCharacters, c); });
  if (!is_watch || !is_good || name.size() > kWatchNameBytesMax)
    return fail(
        ErrorCode::Malformed,
        "the query may only be watch=NAME, at most 64 letters, digits, '-', '.', '_' and '~', perhaps with &last "
        "behind it");
  return Wanted{name, is_last};
}

}  // namespace

// What has been asked for since its counts were last taken. Thread-safe.
class HottestWatch {
 public:
  HottestWatch(const serving::Routes& routes, Instant now) : routes_(routes), since_(now), asked_at_(now) {}

  void count(std::string_view target) {
    thread_local std::string target_scratch, avatar_scratch;
    const auto parsed = http::parse_target(target, target_scratch);
    if (!parsed) return;
    const std::string_view avatar = routes_.avatar_of(parsed->path, avatar_scratch).avatar;
    Part& part = parts_[part_of_this_thread()];
    const MutexLock lock(part.mutex);
    ++part.requests;
    if (avatar.size() > Hottest::kNameBytesMax) return;
    if (!part.names) part.names = std::make_unique<SpaceSaving>(Hottest::kNamesMax);
    part.names->add(avatar);
  }

  // Begins anew. Main's thread only, like what is below.
  std::string take(Instant now) {
    std::uint64_t requests = 0;
    std::vector<std::unique_ptr<SpaceSaving>> taken;
    for (Part& part : parts_) {
      const MutexLock lock(part.mutex);
      requests += std::exchange(part.requests, 0);
      if (part.names) taken.push_back(std::move(part.names));
    }
    std::vector<const SpaceSaving*> counted;
    for (const auto& one : taken) counted.push_back(one.get());
    auto avatars = nlohmann::json::array();
    for (const CountedName& name : most_frequent(counted, Hottest::kListed))
      avatars.push_back({{"avatar", name.name}, {"requests", name.count}, {"error_max", name.error_max}});
    const double seconds = std::chrono::duration<double>(now - std::exchange(since_, now)).count();
    const nlohmann::ordered_json answer{{"seconds", seconds}, {"requests", requests}, {"avatars", std::move(avatars)}};
    return answer.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
  void on_asked(Instant now) { asked_at_ = now; }
  Instant asked_at() const { return asked_at_; }

 private:
  struct alignas(64) Part {
    Mutex mutex;
    std::uint64_t requests EDGE_GUARDED_BY(mutex) = 0;
    std::unique_ptr<SpaceSaving> names EDGE_GUARDED_BY(mutex);  // Null: none yet.
  };

  const serving::Routes routes_;
  std::array<Part, kParts> parts_;
  Instant since_;
  Instant asked_at_;
};

namespace {

class Counter final : public frontend::AccessListener {
 public:
  explicit Counter(std::vector<std::shared_ptr<HottestWatch>> watches) : watches_(std::move(watches)) {}
  // What we answer ourselves, operators among them, is of no avatar.
  void on_exchange(frontend::AccessLine& line) const override {
    if (line.record().outcome == metrics::Outcome::Local) return;
    for (const auto& watch : watches_) watch->count(line.record().target);
  }

 private:
  const std::vector<std::shared_ptr<HottestWatch>> watches_;
};

}  // namespace

Hottest::Hottest(frontend::AccessLog& log, metrics::WorkerMetrics& metrics, std::chrono::milliseconds watched_for)
    : log_(log), metrics_(metrics), watched_for_(watched_for) {}

Hottest::~Hottest() = default;

void Hottest::answer(frontend::Exchange& exchange, std::string_view query, const serving::Routes& routes) {
  const auto wanted = parse_wanted(query);
  if (!wanted) return answer_error(exchange, 400, wanted.error().message);
  // It would take what it does not show.
  if (exchange.request().method == http::Method::Head) return answer_json(exchange, 200, {});
  const Instant now = exchange.loop().now();
  auto found = watches_.find(wanted->watch);
  if (found == watches_.end()) {
    if (watches_.size() >= kWatchesMax) {
      metrics_.limit_reached(metrics::Limit::HottestWatches);
      return answer_error(exchange, 503, std::to_string(kWatchesMax) + " others watch the hottest avatars already");
    }
    audit(exchange, "admin.hottest", "what avatars are asked for is counted");
    found = watches_.emplace(wanted->watch, std::make_shared<HottestWatch>(routes, now)).first;
    tell_log();
  }
  found->second->on_asked(now);
  if (!forgotten_) forgotten_.emplace(exchange.loop(), [this, &loop = exchange.loop()] { end_forgotten(loop.now()); });
  if (!forgotten_->is_armed()) forgotten_->arm(watched_for_);
  answer_json(exchange, 200, found->second->take(now));
  if (!wanted->is_last) return;
  watches_.erase(found);
  tell_log();
}

void Hottest::end_forgotten(Instant now) {
  std::erase_if(watches_, [this, now](const auto& watch) { return now - watch.second->asked_at() >= watched_for_; });
  tell_log();
  if (watches_.empty()) return;
  Instant first = now;
  for (const auto& [name, watch] : watches_) first = std::min(first, watch->asked_at());
  forgotten_->arm(std::chrono::ceil<std::chrono::milliseconds>(first + watched_for_ - now));
}

void Hottest::tell_log() {
  metrics_.hottest_watches.set(watches_.size());
  if (watches_.empty()) return log_.set_listener(frontend::AccessLog::Hears::Hottest, nullptr);
  std::vector<std::shared_ptr<HottestWatch>> watches;
  for (const auto& [name, watch] : watches_) watches.push_back(watch);
  log_.set_listener(frontend::AccessLog::Hears::Hottest, std::make_shared<const Counter>(std::move(watches)));
}

}  // namespace edge::admin
