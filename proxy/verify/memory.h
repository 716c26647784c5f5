// What the origin was last seen to have of an avatar. Bounded: the oldest goes first.
#pragma once

#include <list>
#include <optional>
#include <string>
#include <unordered_map>

#include "verify/answer.h"

namespace edge::verify {

class Memory {
 public:
  explicit Memory(std::size_t avatars_max) : avatars_max_(avatars_max) {}

  std::optional<Answer> try_recall(const std::string& avatar) const {
    const auto found = places_.find(avatar);
    if (found == places_.end()) return std::nullopt;
    return found->second->answer;
  }
  void keep(const std::string& avatar, const Answer& answer) {
    if (const auto found = places_.find(avatar); found != places_.end()) {
      kept_.erase(found->second);
      places_.erase(found);
    }
    kept_.push_back({avatar, answer});
    places_.emplace(avatar, std::prev(kept_.end()));
    if (kept_.size() <= avatars_max_) return;
    places_.erase(kept_.front().avatar);
    kept_.pop_front();
  }
  std::size_t size() const noexcept { return kept_.size(); }

 private:
  struct Kept {
    std::string avatar;
    Answer answer;
  };

  const std::size_t avatars_max_;
  std::list<Kept> kept_;  // The oldest first.
  std::unordered_map<std::string, std::list<Kept>::iterator> places_;
};

}  // namespace edge::verify
