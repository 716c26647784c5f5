// All avatars there are, in memory. Everybody has a picture: an uploaded one, or an identicon that is drawn when asked
// for. Owned by the SampleOrigin; loop's thread only.
//
// Invariant: an avatar's version never goes down while the store lives, so a change is never forgotten; that is why
// their number has a limit and none is evicted.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/result.h"
#include "demo/recent_pictures.h"
#include "demo/served_picture.h"

namespace edge::demo {

struct AvatarStoreOptions {
  std::size_t changed_max = 10'000;                        // Avatars that were ever uploaded or deleted.
  std::size_t uploads_bytes_max = std::size_t{256} << 20;  // All uploaded files together.
  std::size_t drawn_bytes_max = std::size_t{32} << 20;     // Drawn pictures kept for the next time.
};

class AvatarStore {
 public:
  struct Change {
    std::uint64_t version = 0;
    bool is_first_upload = false;  // There was an identicon before.
  };

  // `clock` must outlive the store.
  AvatarStore(const AvatarStoreOptions& options, const Clock& clock);

  // The uploaded picture whatever `size` says, else the identicon of that size.
  Result<Ref<const ServedPicture>> picture(std::string_view avatar, std::uint32_t size);

  // Unavailable when a limit leaves no room for it; nothing is changed then.
  Result<Change> upload(std::string_view avatar, Picture picture);
  Result<Change> remove(std::string_view avatar);

 private:
  struct Avatar {
    std::uint64_t version = 1;
    std::chrono::sys_seconds modified;
    Ref<const ServedPicture> uploaded;  // Null: an identicon.
  };

  std::chrono::sys_seconds now() const;
  // Null when there is no room for another one.
  Avatar* find_or_add(const std::string& avatar);

  const AvatarStoreOptions options_;
  const Clock& clock_;
  const std::chrono::sys_seconds born_;

  std::unordered_map<std::string, Avatar> changed_;
  std::size_t uploads_bytes_ = 0;
  RecentPictures drawn_;
};

}  // namespace edge::demo
