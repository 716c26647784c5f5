// Where things stand in the tier's Redis.
//
// Avatars fall into buckets. All that a script touches is of one bucket, and bears its hash tag, so that it has one
// slot of a cluster. Everything but the epoch's own key is of one epoch: when the epoch moves, what was before is out
// of reach, and expires.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace edge::tier2 {

// All nodes of a tier must agree on it, so it is part of every name.
inline constexpr std::uint32_t kBuckets = 16;

class Layout {
 public:
  // `prefix`: which tier of this Redis.
  explicit Layout(std::string prefix) : prefix_(std::move(prefix)) {}

  static std::uint32_t bucket_of(std::string_view avatar);

  // A string: the epoch that counts.
  std::string epoch_key() const;
  // A hash, all that guards a bucket, in one key so that it is there as a whole or not at all:
  //   @birth     which life of the bucket this is; nothing put in another is ever read
  //   @identity  the life of the feed that the positions are of
  //   @id @added the clean position: every event up to it has dropped what it had to
  //   @mark      no floor at or below it is known any more
  //   f AVATAR   the floor of an avatar
  std::string guard_key(std::string_view epoch, std::uint32_t bucket) const;
  // A hash, what is held of an avatar:
  //   @birth     of the bucket, when it was put
  //   @low       the lowest as_of of all that is in it
  //   v URL      the Vary of the URL's newest response
  //   e WHICH URL   an entry; WHICH of those that Vary tells apart
  //   t WHICH URL, x WHICH URL   when it was put, and when it is of no use any more, by Redis's clock
  std::string entries_key(std::string_view epoch, std::string_view avatar) const;
  // A string: the node that asks the origin for a URL.
  std::string claim_key(std::string_view epoch, std::string_view avatar, std::string_view url) const;

 private:
  std::string begin(std::string_view epoch, std::uint32_t bucket) const;

  const std::string prefix_;
};

}  // namespace edge::tier2
