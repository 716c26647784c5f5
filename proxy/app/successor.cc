#include "app/successor.h"

#include <algorithm>

#include "app/handover_tickets.h"
#include "app/predecessor.h"
#include "base/log.h"
#include "tier2/entry.h"

namespace edge::app {
namespace {

// On its way to the new process: enough that it never waits, little beside what memory holds.
constexpr std::size_t kUnsentMax = std::size_t{1} << 20;

// How often it is looked whether we have heard the feed as far as the new process.
constexpr std::chrono::milliseconds kRetry{10};

// A process that does not read keeps this one no longer from its end.
constexpr std::chrono::seconds kRestPatience{1};

// How often the new process hears what this one has counted.
constexpr std::chrono::seconds kTotalsEvery{1};

}  // namespace

Successor::Successor(event::EventLoop& loop, Parts parts)
    : loop_(loop),
      parts_(std::move(parts)),
      retry_(loop, [this] { hand_over(); }),
      totals_(loop, [this] { tell_totals(); }),
      deadline_(loop, [this] { fail("it has not said in time that it serves"); }) {}

// A child that has not said that it serves is not to serve beside whoever is started next.
Successor::~Successor() {
  if (child_) end_child(*child_);
}

Status Successor::start(const Invocation& invocation, std::vector<std::string> variables,
                        const std::vector<net::Socket>& sockets, std::uint32_t generation,
                        std::chrono::milliseconds patience) {
  auto pair = net::socket_pair();
  if (!pair) return Failure{pair.error()};
  auto& [ours, theirs] = *pair;
  variables.push_back(Predecessor::variable(sockets.size(), generation));
  std::vector<int> descriptors{theirs.fd()};
  for (const net::Socket& socket : sockets) descriptors.push_back(socket.fd());
  link_ = std::make_unique<HandoverLink>(
      loop_, std::move(ours),
      HandoverLink::Callbacks{[this](const HandoverFrame& frame) { on_frame(frame); },
                              [this] { fail("it has ended; its log says why"); }, [this] { on_sent(); }});
  purges_ = {};
  // Before it runs, so that it finds it whatever else it asks for.
  send_standing();
  link_->flush();
  const auto child = spawn(invocation, variables, descriptors);
  if (!child) {
    link_.reset();
    return Failure{child.error()};
  }
  child_ = *child;
  deadline_.arm(patience);
  return {};
}

// What no file tells.
void Successor::send_standing() {
  const HandSwitches switches = parts_.switches();
  link_->send(std::string("switches ") + (switches.is_maintenance_wanted ? "1 " : "0 ") +
              (switches.is_degraded ? "1" : "0"));
  send_tickets(*link_, parts_.ticket_keys());
}

void Successor::on_frame(const HandoverFrame& frame) {
  if (frame.words[0] == "want") return on_want(frame);
  if (frame.words[0] == "ready") return on_serving();
  if (const auto purge = try_purge(frame)) parts_.on_purged(*purge);
}

void Successor::on_want(const HandoverFrame& frame) {
  if (handover_) return;
  send_standing();  // Again, as it is now.
  handover_.emplace();
  const auto position = frame.words.size() >= 4 ? cache::try_event_id(frame.words[1]) : std::nullopt;
  if (!position) return end_handover();
  handover_->wanted = {.identity = std::string(frame.bytes), .position = *position};
  handover_->object_bytes_max = try_unsigned(frame.words[2]).value_or(0);
  handover_->bytes_left = try_unsigned(frame.words[3]).value_or(0);
  hand_over();
}

// Goes on from where it stopped, as far as there is room.
void Successor::hand_over() {
  if (!handover_ || !link_) return;
  if (!handover_->has_begun && !try_begin()) return;
  while (link_->unsent() < kUnsentMax) {
    if (handover_->next == handover_->shard.size() && !take_shard()) return end_handover();
    if (handover_->next < handover_->shard.size()) send_one(handover_->shard[handover_->next++]);
  }
}

// Not before we have heard as much as the new process had at its start: what we hold it could not judge.
bool Successor::try_begin() {
  const auto standing = parts_.feed.standing();
  if (!standing || standing->identity != handover_->wanted.identity ||
      standing->position < handover_->wanted.position) {
    retry_.arm(kRetry);
    return false;
  }
  handover_->generation = standing->generation;
  handover_->has_begun = true;
  return true;
}

// False where there is none left, or what we hold is not to be believed any more.
bool Successor::take_shard() {
  const auto standing = parts_.feed.standing();
  const bool is_trusted = parts_.cache.trust().has_lease(parts_.clock.now());
  if (handover_->next_shard == parts_.cache.shards() || handover_->bytes_left == 0 || !is_trusted || !standing ||
      standing->generation != handover_->generation)
    return false;
  handover_->known_to = standing->position;  // Before it is read what is held.
  handover_->shard = parts_.cache.held(handover_->next_shard++, handover_->generation);
  handover_->next = 0;
  return true;
}

// What was read of it may have been purged since.
void Successor::take_shard_again() {
  if (handover_->next == handover_->shard.size()) return;
  --handover_->next_shard;
  handover_->shard.clear();
  handover_->next = 0;
}

void Successor::send_one(const cache::HeldResponse& held) {
  const std::uint64_t bytes = held.response->body().size() + held.response->fields().size();
  if (held.response->body().size() > handover_->object_bytes_max) return;
  if (bytes > handover_->bytes_left) return void(handover_->bytes_left = 0);
  handover_->bytes_left -= bytes;
  const std::string_view url = held.response->url();
  const std::string entry = tier2::encode_entry(
      *held.response, {.as_of = handover_->known_to, .now = parts_.clock.now(), .usable_until = held.usable_until});
  link_->send_droppable("held " + handover_->known_to.text() + " " + std::to_string(url.size()),
                        std::string(url) + entry);
  ++handover_->count;
}

void Successor::end_handover() {
  link_->send("end " + std::to_string(handover_->count));
  log_info("upgrade.handover", std::to_string(handover_->count) + " responses were handed over");
  handover_.reset();
}

void Successor::on_serving() {
  if (!child_) return;
  deadline_.disarm();
  retry_.disarm();
  handover_.reset();
  link_->drop();  // It would not be taken any more, and keep the rest waiting.
  parts_.on_serving(*std::exchange(child_, std::nullopt));
  send_totals();  // Whatever lies before it: `alone` has totals shown.
  link_->send("alone");
  totals_.arm(kTotalsEvery);
}

void Successor::tell_totals() {
  if (!link_ || child_) return;
  // A process that does not read hears no more of them.
  if (link_->unsent() < kUnsentMax) send_totals();
  totals_.arm(kTotalsEvery);
}

void Successor::send_totals() { link_->send("counters", parts_.totals()); }

void Successor::tell_rest() {
  send_totals();
  if (!link_->send_all(kRestPatience))
    log_warning("upgrade.rest",
                "the new process does not read; what was counted last here it does not hear, nor what was purged");
}

void Successor::on_sent() {
  purges_.on_sent(*link_);
  hand_over();
}

void Successor::tell(const serving::Purge& purge) {
  if (!link_) return;
  if (handover_) take_shard_again();
  purges_.tell(*link_, purge);
}

void Successor::fail(std::string_view why) {
  if (!child_) return;
  give_up();
  parts_.on_failed(why);
}

void Successor::give_up() {
  if (!child_) return;
  deadline_.disarm();
  retry_.disarm();
  handover_.reset();
  end_child(*std::exchange(child_, std::nullopt));
  loop_.destroy_later(std::move(link_));
}

}  // namespace edge::app
