#include "truth.h"

#include <algorithm>
#include <cstdio>

namespace prove {

Truth::Truth(std::size_t avatars, std::size_t nodes, Duration lease) : nodes_(nodes), lease_(lease) {
  entries_.reserve(avatars);
  for (std::size_t i = 0; i < avatars; ++i) {
    entries_.push_back(std::make_unique<Entry>());
    entries_.back()->nodes.resize(nodes);
    entries_.back()->commits.push_back({{1, false}, Moment{}, Moment{}});
  }
}

State Truth::read(std::size_t avatar) const { return read(avatar, Moment::max()); }

State Truth::read(std::size_t avatar, Moment as_of) const {
  const Entry& entry = *entries_[avatar];
  std::lock_guard lock(entry.mutex);
  auto newest = std::find_if(entry.commits.rbegin(), entry.commits.rend(),
                             [&](const Commit& commit) { return commit.at <= as_of; });
  return newest == entry.commits.rend() ? entry.commits.front().state : newest->state;
}

std::uint64_t Truth::commit(std::size_t avatar, bool is_deleted) {
  Entry& entry = *entries_[avatar];
  std::lock_guard lock(entry.mutex);
  return commit_locked(entry, is_deleted);
}

std::uint64_t Truth::commit_locked(Entry& entry, bool is_deleted) {
  const State state{entry.commits.back().state.version + 1, is_deleted};
  // The time is taken under the lock: what the origin reads after it has this version.
  entry.commits.push_back({state, BootClock::now()});
  if (entry.commits.size() > kCommitsMax) entry.commits.pop_front();
  return state.version;
}

void Truth::expect_change(std::size_t avatar, std::uint64_t token) {
  Entry& entry = *entries_[avatar];
  std::lock_guard lock(entry.mutex);
  entry.token = token;
  entry.changed = 0;
}

std::uint64_t Truth::try_change(std::size_t avatar, std::uint64_t token, bool is_deleted) {
  Entry& entry = *entries_[avatar];
  std::lock_guard lock(entry.mutex);
  if (entry.token == 0 || entry.token != token) return 0;
  entry.token = 0;
  entry.changed = commit_locked(entry, is_deleted);
  return entry.changed;
}

std::uint64_t Truth::end_change(std::size_t avatar) {
  Entry& entry = *entries_[avatar];
  std::lock_guard lock(entry.mutex);
  entry.token = 0;
  return entry.changed;
}

void Truth::published(std::size_t avatar, std::uint64_t version, Moment at) {
  Entry& entry = *entries_[avatar];
  std::lock_guard lock(entry.mutex);
  auto commit = std::find_if(entry.commits.rbegin(), entry.commits.rend(),
                             [&](const Commit& one) { return one.state.version == version; });
  if (commit != entry.commits.rend()) commit->published = std::min(commit->published, at);
}

void Truth::acknowledged(std::size_t avatar, std::uint64_t version) {
  Entry& entry = *entries_[avatar];
  std::lock_guard lock(entry.mutex);
  entry.acknowledged = std::max(entry.acknowledged, version);
}

void Truth::fenced(std::size_t node, std::size_t avatar, std::uint64_t version) {
  Entry& entry = *entries_[avatar];
  std::lock_guard lock(entry.mutex);
  entry.nodes[node].fenced = std::max(entry.nodes[node].fenced, version);
}

void Truth::passed(std::size_t node, std::size_t avatar, std::uint64_t version) {
  Entry& entry = *entries_[avatar];
  std::lock_guard lock(entry.mutex);
  entry.nodes[node].passed = std::max(entry.nodes[node].passed, version);
}

void Truth::seen(std::size_t node, std::size_t avatar, std::size_t variant, std::uint64_t version) {
  Entry& entry = *entries_[avatar];
  std::lock_guard lock(entry.mutex);
  auto& seen = entry.nodes[node].seen[variant];
  seen = std::max(seen, version);
}

Lowest Truth::lowest(std::size_t node, std::size_t avatar, std::size_t variant, Moment now, Moment outage_since) const {
  const Entry& entry = *entries_[avatar];
  const Moment limit = now - lease_;
  std::lock_guard lock(entry.mutex);
  const AtNode& here = entry.nodes[node];
  Lowest lowest;
  // An event also stands for the changes before it, so the newest that has been published long enough decides.
  for (auto commit = entry.commits.rbegin(); commit != entry.commits.rend(); ++commit) {
    if (lowest.outage == 0 && outage_since <= limit && commit->at <= limit) lowest.outage = commit->state.version;
    if (commit->state.version <= entry.bounded) break;
    if (commit->published <= limit) entry.bounded = commit->state.version;
  }
  lowest.bounded = entry.bounded;
  lowest.acknowledged = entry.acknowledged;
  lowest.seen = here.seen[variant];
  lowest.fenced = here.fenced;
  lowest.passed = here.passed;
  return lowest;
}

std::uint64_t Truth::last_seen(std::size_t node, std::size_t avatar, std::size_t variant) const {
  const Entry& entry = *entries_[avatar];
  std::lock_guard lock(entry.mutex);
  return entry.nodes[node].seen[variant];
}

std::string Truth::tell(std::size_t avatar, std::uint64_t version, Moment now) const {
  const Entry& entry = *entries_[avatar];
  std::lock_guard lock(entry.mutex);
  char text[200];
  auto next = std::find_if(entry.commits.begin(), entry.commits.end(),
                           [&](const Commit& commit) { return commit.state.version > version; });
  if (next == entry.commits.end()) return "nothing newer was committed";
  const auto ago = [&](Moment at) { return milliseconds(now - at); };
  if (next->published == Moment::max()) {
    std::snprintf(text, sizeof text, "version %llu was committed %.1f ms before, and not published",
                  static_cast<unsigned long long>(next->state.version), ago(next->at));
  } else {
    std::snprintf(text, sizeof text, "version %llu was committed %.1f ms before and published %.1f ms before",
                  static_cast<unsigned long long>(next->state.version), ago(next->at), ago(next->published));
  }
  return text;
}

}  // namespace prove
