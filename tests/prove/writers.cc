#include "writers.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace prove {
namespace {

using namespace std::chrono_literals;

constexpr auto kPublicationPatience = 20s;

// In the moment of its writing the event is gone again: no node can have read it.
constexpr const char* kSwallow =
    "local id = redis.call('XADD', KEYS[1], '*', unpack(ARGV)) redis.call('XDEL', KEYS[1], id) return id";

}  // namespace

Writer::Writer(std::size_t index, const WriterOptions& options, WriterOrders& orders, WriterCounts& counts,
               Truth& truth, Fences& fences, Judge& judge, const Conditions& conditions)
    : options_(options),
      orders_(orders),
      counts_(counts),
      truth_(truth),
      fences_(fences),
      judge_(judge),
      conditions_(conditions),
      random_(options.seed + index * 7919),
      redis_(options.redis_port) {
  // Less of a choice than the readers make, and among the same popular ones.
  choices_ = popular_choices(truth.avatars(), 0.7, options.seed);
  std::erase_if(choices_, [&](std::size_t avatar) { return is_reserved(avatar) || avatar % options.writers != index; });
  for (const auto port : options.data_ports) data_.push_back(std::make_unique<HttpLink>(port));
  for (const auto port : options.admin_ports) admin_.push_back(std::make_unique<HttpLink>(port));
  thread_ = std::thread([this] { run(); });
}

Writer::~Writer() {
  is_ending_ = true;
  thread_.join();
}

void Writer::run() {
  Moment next = BootClock::now();
  while (!is_ending_) {
    const std::uint64_t rate = orders_.rate;
    const Moment now = BootClock::now();
    if (!pending_.empty() && now >= retry_at_) {
      const std::size_t avatar = *pending_.begin();
      if (publish(avatar)) ++counts_.repeated;
    } else if (rate == 0 || pending_.size() >= kPendingMax) {
      next = now;
      std::this_thread::sleep_for(5ms);
    } else if (now < next) {
      std::this_thread::sleep_for(std::min<Duration>(next - now, 5ms));
    } else {
      // What was held up is not made up for.
      next =
          std::max(next + Duration(1s) * static_cast<std::int64_t>(options_.writers) / static_cast<std::int64_t>(rate),
                   now - 20ms);
      change_one();
    }
  }
}

void Writer::change_one() {
  const std::size_t avatar = choices_[random_() % choices_.size()];
  const bool is_deletion = chance(5);
  ++counts_.commits;
  if (!options_.has_feed) return by_every_node(avatar, is_deletion);
  if (orders_.plain_only) return by_stream(avatar, false);
  // Behind an event that may come yet it could not be told when the change itself was published.
  const bool may_pass = orders_.passes && is_passed_through(avatar) && !pending_.contains(avatar);
  if (may_pass && chance(45)) return by_pass(avatar, is_deletion);
  const auto way = random_() % 100;
  if (way < 60) return by_stream(avatar, is_deletion);
  by_post(avatar, is_deletion, way >= 75);
}

void Writer::by_stream(std::size_t avatar, bool is_deletion) {
  const std::uint64_t version = truth_.commit(avatar, is_deletion);
  if (!publish(avatar) || orders_.plain_only) return;
  // Events that come twice, too late or malformed change nothing.
  if (chance(2))
    redis_.run(
        {"XADD", options_.stream, "*", "avatar", std::to_string(avatar), "version", std::to_string(version - 1)});
  if (chance(1)) redis_.run({"XADD", options_.stream, "*", "no", "avatar"});
}

bool Writer::publish(std::size_t avatar) {
  const State state = truth_.read(avatar);
  const std::uint64_t life = fences_.life();
  Words words = event_words(avatar, state);
  const bool is_swallowed = orders_.swallowed > 0 && orders_.swallowed.fetch_sub(1) > 0;
  if (is_swallowed) words.insert(words.begin(), {"EVAL", kSwallow, "1", options_.stream});
  if (!is_swallowed) words.insert(words.begin(), {"XADD", options_.stream, "*"});
  const auto id = id_of(redis_.run(words));
  if (!id) return publish_later(avatar), false;
  truth_.published(avatar, state.version, BootClock::now());
  fences_.add(life, *id, avatar, state.version);
  ++counts_.events;
  pending_.erase(avatar);
  counts_.pending = pending_.size();
  return true;
}

void Writer::by_post(std::size_t avatar, bool is_deletion, bool waits) {
  const std::size_t node = some_node();
  truth_.commit(avatar, is_deletion);
  const State state = truth_.read(avatar);
  const std::uint64_t life = fences_.life();
  const Moment began = BootClock::now();
  const Answer* answer = admin_[node]->ask("POST", waits ? "/updates?wait=10s" : "/updates",
                                           "Content-Type: application/json\r\n", event_json(avatar, state));
  if (answer != nullptr) return on_posted(node, avatar, state.version, life, *answer, waits, began);
  publish_later(avatar);
  if (conditions_.node_down[node].was_off_since(began))
    judge_.violated(Kind::Unanswered,
                    "node " + std::to_string(node) + ": no answer to POST /updates on the admin port");
}

void Writer::on_posted(std::size_t node, std::size_t avatar, std::uint64_t version, std::uint64_t life,
                       const Answer& answer, bool waits, Moment began) {
  const Moment now = BootClock::now();
  const auto said = nlohmann::json::parse(answer.body, nullptr, false);
  const auto text = said.is_object() ? said.value("id", nlohmann::json()) : nlohmann::json();
  const auto id = text.is_string() ? parse_id(text.get<std::string>()) : std::nullopt;
  if (id) {
    truth_.published(avatar, version, now);
    fences_.add(life, *id, avatar, version);
    truth_.fenced(node, avatar, version);
    ++counts_.events, ++counts_.posted;
  } else {
    publish_later(avatar);
  }
  if (answer.status == 200 && id && waits) {
    truth_.acknowledged(avatar, version);
    ++counts_.acknowledged;
    counts_.acknowledging.add(now - began);
  }
  if ((answer.status != 200 || !id) && is_calm(began))
    judge_.violated(Kind::Refused, "node " + std::to_string(node) + ": POST /updates" + (waits ? "?wait=10s" : "") +
                                       " in calm: status " + std::to_string(answer.status) + " " +
                                       std::string(answer.body.substr(0, 300)));
}

void Writer::by_pass(std::size_t avatar, bool is_deletion) {
  const std::size_t node = some_node();
  const auto before = last_entry();
  const std::uint64_t life = fences_.life(), token = random_() | 1;
  const Moment began = BootClock::now();
  truth_.expect_change(avatar, token);
  const Answer* answer =
      data_[node]->ask(is_deletion ? "DELETE" : "PUT", "/avatars/" + std::to_string(avatar) + "/132",
                       "X-Change: " + std::to_string(token) + "\r\n", is_deletion ? "" : "a new picture");
  const std::uint64_t version = truth_.end_change(avatar);
  if (answer != nullptr && answer->status == 200 && version != 0) {
    truth_.passed(node, avatar, version);
    ++counts_.passed;
    if (before) return await_publication(node, avatar, version, life, *before, began);
    return publish_later(avatar);
  }
  if (version != 0) publish_later(avatar);
  const bool is_node_excused = !conditions_.node_down[node].was_off_since(began);
  if (is_node_excused || conditions_.is_origin_excused(began)) return;
  judge_.violated(answer == nullptr ? Kind::Unanswered : Kind::Failed,
                  "node " + std::to_string(node) + ": PUT or DELETE of avatar " + std::to_string(avatar) +
                      (answer == nullptr ? ": no answer" : ": status " + std::to_string(answer->status)));
}

void Writer::await_publication(std::size_t node, std::size_t avatar, std::uint64_t version, std::uint64_t life,
                               const EntryId& before, Moment began) {
  EntryId after = before;
  bool is_excused = false;
  while (!is_excused && BootClock::now() - began < kPublicationPatience && !is_ending_) {
    const auto event = find_event(avatar, after);
    if (event && event->version == version) {
      truth_.published(avatar, version, BootClock::now());
      fences_.add(life, event->id, avatar, version);
      ++counts_.events;
      return;
    }
    // Without a version it may be that of an earlier change, which a node has sent twice because it was told nothing.
    if (event && !event->version) return publish_later(avatar);
    is_excused = !conditions_.redis_down.was_off_since(began) || !conditions_.node_cut[node].was_off_since(began) ||
                 !conditions_.node_down[node].was_off_since(began) || life != fences_.life();
    std::this_thread::sleep_for(1ms);  // Polled: others write to the stream as well.
  }
  // The node may have been killed, or the event lost, between answer and publication. The upload service then knows
  // that much, and publishes itself.
  publish_later(avatar);
  if (!is_excused && !is_ending_)
    judge_.violated(Kind::Unpublished, "node " + std::to_string(node) + ": version " + std::to_string(version) +
                                           " of avatar " + std::to_string(avatar) +
                                           " went through it, and 20 s later " +
                                           "its event is not in the stream behind " + to_string(before));
}

// The first event of the avatar behind `after`, which moves along.
std::optional<Writer::Event> Writer::find_event(std::size_t avatar, EntryId& after) {
  const std::string name = std::to_string(avatar);
  const auto reply = redis_.run({"XRANGE", options_.stream, "(" + to_string(after), "+", "COUNT", "1000"});
  if (!reply || reply->type != REDIS_REPLY_ARRAY) return std::nullopt;
  for (std::size_t i = 0; i < reply->elements; ++i) {
    const redisReply* entry = reply->element[i];
    if (entry->elements != 2) continue;
    const auto id = parse_id(entry->element[0]->str);
    if (id) after = *id;
    const redisReply* fields = entry->element[1];
    bool is_of_avatar = false;
    std::optional<std::uint64_t> version;
    for (std::size_t k = 0; k + 1 < fields->elements; k += 2) {
      const std::string field = fields->element[k]->str, value = fields->element[k + 1]->str;
      if (field == "avatar") is_of_avatar = value == name;
      if (field == "version") version = parse_number(value);
    }
    if (id && is_of_avatar) return Event{*id, version};
  }
  return std::nullopt;
}

std::optional<EntryId> Writer::last_entry() {
  const auto reply = redis_.run({"XREVRANGE", options_.stream, "+", "-", "COUNT", "1"});
  if (!reply || reply->type != REDIS_REPLY_ARRAY) return std::nullopt;
  return reply->elements == 0 ? EntryId{} : parse_id(reply->element[0]->element[0]->str);
}

void Writer::by_every_node(std::size_t avatar, bool is_deletion) {
  truth_.commit(avatar, is_deletion);
  const State state = truth_.read(avatar);
  const std::string event = event_json(avatar, state);
  bool is_everywhere = true;
  for (std::size_t node = 0; node < admin_.size(); ++node) {
    const Answer* answer = admin_[node]->ask("POST", "/updates", "Content-Type: application/json\r\n", event);
    const bool is_taken = answer != nullptr && answer->status == 200;
    if (is_taken) truth_.fenced(node, avatar, state.version);
    is_everywhere &= is_taken;
  }
  if (!is_everywhere) return;
  truth_.published(avatar, state.version, BootClock::now());
  truth_.acknowledged(avatar, state.version);
  ++counts_.acknowledged;
}

void Writer::publish_later(std::size_t avatar) {
  pending_.insert(avatar);
  counts_.pending = pending_.size();
  retry_at_ = BootClock::now() + 50ms;
}

Words Writer::event_words(std::size_t avatar, const State& state) {
  Words words{"avatar", std::to_string(avatar)};
  if (orders_.versions_always || orders_.plain_only || chance(60))
    words.insert(words.end(), {"version", std::to_string(state.version)});
  if (state.is_deleted) words.insert(words.end(), {"op", "delete"});
  return words;
}

std::string Writer::event_json(std::size_t avatar, const State& state) {
  nlohmann::json event{{"avatar", std::to_string(avatar)}, {"op", state.is_deleted ? "delete" : "update"}};
  if (orders_.versions_always || chance(60)) event["version"] = state.version;
  return event.dump();
}

}  // namespace prove
