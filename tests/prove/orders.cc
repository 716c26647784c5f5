#include "orders.h"

#include <iostream>
#include <sstream>
#include <stdexcept>

namespace prove {
namespace {

using nlohmann::json;

Duration milliseconds_of(const std::string& text) { return std::chrono::milliseconds(std::stoll(text)); }

json set(Condition& condition, bool is_on) {
  if (is_on == condition.is_on()) return {};
  is_on ? condition.begin() : condition.end();
  return {};
}

bool is(const std::string& word, const char* yes, const char* no) {
  if (word != yes && word != no) throw std::invalid_argument(std::string("neither ") + yes + " nor " + no);
  return word == yes;
}

}  // namespace

void Out::line(const json& what) {
  std::lock_guard lock(mutex_);
  std::cout << what.dump(-1, ' ', false, json::error_handler_t::replace) << std::endl;
}

Orders::Orders(World world) : world_(world) {
  add_conditions();
  add_origin();
  add_load();
  add_changes();
}

void Orders::obey(std::istream& in) {
  std::string line;
  while (std::getline(in, line)) {
    std::istringstream stream(line);
    Words words;
    for (std::string word; stream >> word;) words.push_back(word);
    if (words.empty()) continue;
    if (words[0] == "finish") return;
    json answer{{"order", line}};
    try {
      const auto order = orders_.find(words[0]);
      if (order == orders_.end()) throw std::invalid_argument("no such order");
      if (const json said = order->second(words); !said.is_null()) answer["answer"] = said;
    } catch (const std::exception& error) {
      answer["error"] = error.what();
    }
    world_.out.line(answer);
  }
}

void Orders::add_conditions() {
  auto& conditions = world_.conditions;
  // node N down|up|cut|joined
  orders_["node"] = [&](const Words& words) {
    const std::size_t node = std::stoul(words.at(1));
    const std::string& what = words.at(2);
    if (what == "cut" || what == "joined") return set(conditions.node_cut.at(node), what == "cut");
    return set(conditions.node_down.at(node), is(what, "down", "up"));
  };
  // redis down|up|life
  orders_["redis"] = [&, this](const Words& words) -> json {
    if (words.at(1) == "life") return world_.fences.begin_life(), json();
    return set(conditions.redis_down, is(words.at(1), "down", "up"));
  };
  // disturbed on|off: while something is out of order, an update may be refused.
  orders_["disturbed"] = [&](const Words& words) { return set(conditions.disturbed, is(words.at(1), "on", "off")); };
}

void Orders::add_origin() {
  auto& origin = world_.origin_orders;
  auto& conditions = world_.conditions;
  // origin slow PERCENT MIN MAX | lag MS | versions on|off | normal|held|failing|refusing|resetting
  orders_["origin"] = [&](const Words& words) -> json {
    const std::string& what = words.at(1);
    if (what == "slow") {
      origin.slow_min = milliseconds_of(words.at(3));
      origin.slow_max = milliseconds_of(words.at(4));
      origin.slow_percent = std::stoi(words.at(2));
    } else if (what == "lag") {
      const Duration lag = milliseconds_of(words.at(2));
      if (lag != Duration{}) set(conditions.origin_lags, true), origin.lags_since = BootClock::now();
      origin.lag = lag;
      if (lag == Duration{}) set(conditions.origin_lags, false);
    } else if (what == "versions") {
      origin.sends_versions = is(words.at(2), "on", "off");
    } else {
      const std::map<std::string, OriginMode> modes{{"normal", OriginMode::Normal},
                                                    {"held", OriginMode::Held},
                                                    {"failing", OriginMode::Failing},
                                                    {"refusing", OriginMode::Refusing},
                                                    {"resetting", OriginMode::Resetting}};
      // Held answers are late, not lost: a harness that holds them for long says so by "unwell".
      const OriginMode mode = modes.at(what);
      if (mode != OriginMode::Normal && mode != OriginMode::Held) set(conditions.origin_unwell, true);
      origin.mode = mode;
      if (mode == OriginMode::Normal) set(conditions.origin_unwell, false);
    }
    return {};
  };
  // unwell: errors are allowed until the origin is normal again.
  orders_["unwell"] = [&](const Words&) { return set(conditions.origin_unwell, true); };
}

void Orders::add_load() {
  auto& writers = world_.writer_orders;
  // readers rate N
  orders_["readers"] = [this](const Words& words) -> json {
    if (words.at(1) != "rate") throw std::invalid_argument("readers rate N");
    world_.readers.set_rate(std::stoull(words.at(2)));
    return {};
  };
  // writers rate N | plain on|off | passes on|off | versions always|mixed | swallow N
  orders_["writers"] = [&](const Words& words) -> json {
    const std::string &what = words.at(1), &value = words.at(2);
    if (what == "rate") {
      writers.rate = std::stoull(value);
    } else if (what == "plain") {
      writers.plain_only = is(value, "on", "off");
    } else if (what == "passes") {
      writers.passes = is(value, "on", "off");
    } else if (what == "versions") {
      writers.versions_always = is(value, "always", "mixed");
    } else if (what == "swallow") {
      writers.swallowed = std::stoll(value);
    } else {
      throw std::invalid_argument("no such order to writers");
    }
    return {};
  };
  // mark: the interval begins anew. stats: what has been since.
  orders_["mark"] = [this](const Words&) { return world_.readers.interval().clear(), json(); };
  orders_["stats"] = [this](const Words&) {
    json stats = summary();
    stats["interval"] = counts_of(world_.readers.interval());
    return stats;
  };
}

void Orders::add_changes() {
  // commit AVATAR: the harness changes a reserved avatar and is told its version; then it says what it knows of it.
  orders_["commit"] = [this](const Words& words) -> json {
    const std::size_t avatar = std::stoul(words.at(1));
    if (!is_reserved(avatar) || avatar >= world_.truth.avatars()) throw std::invalid_argument("not reserved");
    return world_.truth.commit(avatar, false);
  };
  // published AVATAR VERSION
  orders_["published"] = [this](const Words& words) -> json {
    world_.truth.published(std::stoul(words.at(1)), std::stoull(words.at(2)), BootClock::now());
    return {};
  };
  // acknowledged AVATAR VERSION
  orders_["acknowledged"] = [this](const Words& words) -> json {
    const std::size_t avatar = std::stoul(words.at(1));
    const std::uint64_t version = std::stoull(words.at(2));
    world_.truth.published(avatar, version, BootClock::now());
    world_.truth.acknowledged(avatar, version);
    ++world_.writer_counts.acknowledged;
    return {};
  };
  // violation unrecovered|refused|… TEXT
  orders_["violation"] = [this](const Words& words) -> json {
    std::string text;
    for (std::size_t i = 2; i < words.size(); ++i) text += (i > 2 ? " " : "") + words[i];
    for (std::size_t kind = 0; kind < kKinds; ++kind) {
      if (words.at(1) == kKindNames[kind]) return world_.judge.violated(static_cast<Kind>(kind), text), json();
    }
    throw std::invalid_argument("no such kind");
  };
}

json Orders::counts_of(const ReaderCounts& counts) const {
  return {{"reads", counts.reads.load()},
          {"hits", counts.hits.load()},
          {"from_tier", counts.from_tier.load()},
          {"not_modified", counts.not_modified.load()},
          {"failed", counts.failed.load()},
          {"hit_ms",
           {{"p50", counts.hit_times.milliseconds_at(0.5)},
            {"p99", counts.hit_times.milliseconds_at(0.99)},
            {"p99.9", counts.hit_times.milliseconds_at(0.999)}}}};
}

json Orders::summary() const {
  json summary = counts_of(world_.readers.total());
  const WriterCounts& writers = world_.writer_counts;
  summary["misses"] = summary["reads"].get<std::uint64_t>() - summary["hits"].get<std::uint64_t>();
  summary["origin_requests"] = world_.origin.requests();
  summary["commits"] = writers.commits.load();
  summary["events"] = writers.events.load();
  summary["acknowledged"] = writers.acknowledged.load();
  summary["posted"] = writers.posted.load();
  summary["passed"] = writers.passed.load();
  summary["repeated"] = writers.repeated.load();
  summary["fences"] = world_.fences.reached();
  summary["excused"] = world_.judge.excused();
  summary["receded"] = world_.judge.receded();
  summary["acknowledging_ms"] = {{"p50", writers.acknowledging.milliseconds_at(0.5)},
                                 {"p99", writers.acknowledging.milliseconds_at(0.99)}};
  json& violations = summary["violations"] = json::object();
  for (std::size_t kind = 0; kind < kKinds; ++kind)
    violations[kKindNames[kind]] = world_.judge.count(static_cast<Kind>(kind));
  return summary;
}

}  // namespace prove
