// The pictures drawn lately, up to a number of bytes; the one that has been asked for least lately goes first. Loop's
// thread only.
#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <unordered_map>

#include "base/shared.h"
#include "demo/served_picture.h"

namespace edge::demo {

class RecentPictures {
 public:
  explicit RecentPictures(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // Null when it is not here.
  Ref<const ServedPicture> find(const std::string& name);
  // Larger than all the room there is: not kept.
  void add(const std::string& name, Ref<const ServedPicture> picture);

  std::size_t bytes() const { return bytes_; }

 private:
  struct Entry {
    std::string name;
    Ref<const ServedPicture> picture;
  };

  const std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::list<Entry> entries_;  // Asked for most lately first.
  std::unordered_map<std::string, std::list<Entry>::iterator> entry_of_name_;
};

}  // namespace edge::demo
