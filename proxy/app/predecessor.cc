#include "app/predecessor.h"

#include <unistd.h>

#include <cstdlib>

#include "app/handover_tickets.h"
#include "base/log.h"
#include "base/text.h"
#include "http/target.h"
#include "tier2/entry.h"

namespace edge::app {
namespace {

constexpr const char* kName = "AVATAR_EDGE_UPGRADE";
constexpr int kLinkAt = 3, kSocketsFrom = 4;

// Of memory; the rest is for what is fetched meanwhile, and for tables. Beyond it what was handed over first, which is
// what was asked for last, would be evicted.
constexpr std::uint64_t kMemorySixteenths = 14;

}  // namespace

std::string Predecessor::variable(std::size_t sockets, std::uint32_t generation) {
  return std::string(kName) + "=" + std::to_string(getpid()) + " " + std::to_string(sockets) + " " +
         std::to_string(generation);
}

Result<std::optional<Inheritance>> Predecessor::take_from_environment() {
  const char* const value = std::getenv(kName);
  if (!value) return std::optional<Inheritance>{};
  const std::string text = value;
  unsetenv(kName);
  const std::size_t first = text.find(' '), second = text.rfind(' ');
  const auto parent = try_unsigned(text.substr(0, first));
  const auto sockets = try_unsigned(text.substr(std::min(first + 1, text.size()), second - first - 1));
  const auto generation = try_unsigned(text.substr(second + 1));
  if (first == second || !parent || !sockets || *sockets > net::InheritedSockets::kCountMax || !generation ||
      *generation > UINT32_MAX)
    return fail(ErrorCode::Malformed,
                std::string("the environment's ") + kName + " is not of our making: '" + text + "'");
  // It was meant for a process between that one and us.
  if (*parent != static_cast<std::uint64_t>(getppid())) return std::optional<Inheritance>{};
  auto adopted = net::InheritedSockets::adopt(kSocketsFrom, static_cast<int>(*sockets), "");
  if (!adopted) return Failure{adopted.error()};
  return std::optional{Inheritance{net::adopt(kLinkAt), *std::move(adopted), static_cast<std::uint32_t>(*generation)}};
}

Predecessor::Predecessor(event::EventLoop& loop, net::Socket link, Parts parts)
    : loop_(loop),
      parts_(std::move(parts)),
      link_(loop, std::move(link),
            {[this](const HandoverFrame& frame) { on_frame(frame); }, [this] { on_closed(); },
             [this] { purges_.on_sent(link_); }}),
      deadline_(loop, [this] { end(); }) {}

void Predecessor::take_over(std::uint64_t object_bytes_max, std::chrono::milliseconds patience) {
  link_.read_some();  // What was sent before we ran.
  auto standing = parts_.feed && patience.count() > 0 ? parts_.feed->standing() : std::nullopt;
  if (!standing || has_ended_) return end();
  asked_ = std::move(standing);
  asked_at_ = parts_.clock.now();
  deadline_.arm(patience);
  const std::uint64_t room = parts_.cache.budget().limit() / 16 * kMemorySixteenths;
  link_.send("want " + asked_->position.text() + " " + std::to_string(object_bytes_max) + " " + std::to_string(room),
             asked_->identity);
}

void Predecessor::say_ready() { link_.send("ready"); }

void Predecessor::on_frame(const HandoverFrame& frame) {
  if (frame.words[0] == "alone") return on_alone();
  if (frame.words[0] == "counters") return parts_.on_totals(frame.bytes);
  if (const auto purge = try_purge(frame)) return parts_.on_purged(*purge);
  const auto& words = frame.words;
  if (words[0] == "switches" && words.size() >= 3 && !has_ended_)
    return parts_.on_switches({.is_maintenance_wanted = words[1] == "1", .is_degraded = words[2] == "1"});
  if (auto keys = try_tickets(frame)) return on_tickets(*std::move(keys));
  if (!asked_) return;  // What comes too late.
  if (words[0] == "held" && words.size() >= 3) return on_held(frame);
  if (words[0] == "end") return end();
}

// Not when we serve: tickets may have been given out by keys of our own.
void Predecessor::on_tickets(Result<ListenerTls::TicketKeys> keys) {
  if (has_ended_) return;
  if (!keys) return log_warning("upgrade.tickets", keys.error().message);
  parts_.on_ticket_keys(*std::move(keys));
}

void Predecessor::on_held(const HandoverFrame& frame) {
  const auto known_to = cache::try_event_id(frame.words[1]);
  const auto url_bytes = try_unsigned(frame.words[2]);
  if (!known_to || !url_bytes || *url_bytes > frame.bytes.size()) return void(++refused_);
  const std::string_view url = frame.bytes.substr(0, *url_bytes);
  ++(try_hold(url, frame.bytes.substr(*url_bytes), *known_to) ? taken_ : refused_);
}

bool Predecessor::try_hold(std::string_view url, std::string_view bytes, cache::EventId known_to) {
  std::string target_scratch, avatar_scratch;
  const auto target = http::parse_target(url, target_scratch);
  if (!target || target->path_and_query != url) return false;
  const Instant now = parts_.clock.now();
  // How long it was on its way is not known; no longer than since we asked.
  const auto at_most = std::chrono::ceil<std::chrono::milliseconds>(now - asked_at_);
  auto entry = tier2::decode_entry(bytes, url, at_most, now, parts_.cache.budget());
  if (!entry) {
    log_warning("upgrade.entry", entry.error().message);
    return false;
  }
  const cache::CacheKey key(parts_.routes.avatar_of(target->path, avatar_scratch).avatar, url);
  auto lead = parts_.cache.lead_push(
      key, {.url = std::string(url), .selecting = std::string(entry->response->selecting()), .asked_for_at = now});
  if (!lead.permit) return false;
  // Read after the fill has begun: it is of this generation, or of a later one, which ends what we have asked for.
  const bool is_same = parts_.cache.trust().generation() == asked_->generation;
  if (is_same && parts_.cache.store_from_tier(*lead.permit, known_to, std::move(entry->response))) return true;
  parts_.cache.give_up(std::move(*lead.permit));
  return false;
}

void Predecessor::on_closed() {
  end();
  on_alone();
}

void Predecessor::on_alone() {
  if (!std::exchange(is_alone_, true)) parts_.on_alone();
}

void Predecessor::end() {
  if (std::exchange(has_ended_, true)) return;
  deadline_.disarm();
  asked_.reset();
  log_info("upgrade.taken_over", std::to_string(taken_) + " responses were taken over, " + std::to_string(refused_) +
                                     " were not: an update has come in between, or there was no room");
  parts_.on_taken_over();
}

}  // namespace edge::app
