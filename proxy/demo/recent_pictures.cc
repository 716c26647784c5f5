#include "demo/recent_pictures.h"

#include <utility>

namespace edge::demo {

Ref<const ServedPicture> RecentPictures::find(const std::string& name) {
  const auto found = entry_of_name_.find(name);
  if (found == entry_of_name_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->picture;
}

void RecentPictures::add(const std::string& name, Ref<const ServedPicture> picture) {
  const std::size_t size = picture->body().size();
  if (size > bytes_max_ || entry_of_name_.contains(name)) return;
  bytes_ += size;
  while (bytes_ > bytes_max_) {
    bytes_ -= entries_.back().picture->body().size();
    entry_of_name_.erase(entries_.back().name);
    entries_.pop_back();
  }
  entries_.push_front({name, std::move(picture)});
  entry_of_name_.emplace(name, entries_.begin());
}

}  // namespace edge::demo
