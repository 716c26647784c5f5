#include "tier2/layout.h"

#include "base/hash.h"

namespace edge::tier2 {

std::uint32_t Layout::bucket_of(std::string_view avatar) {
  return static_cast<std::uint32_t>(stable_hash(avatar) % kBuckets);
}

std::string Layout::epoch_key() const { return "{" + prefix_ + "}:epoch"; }

std::string Layout::begin(std::string_view epoch, std::uint32_t bucket) const {
  return "{" + prefix_ + ":" + std::to_string(kBuckets) + "/" + std::to_string(bucket) + "}:" + std::string(epoch);
}

std::string Layout::guard_key(std::string_view epoch, std::uint32_t bucket) const {
  return begin(epoch, bucket) + ":guard";
}

std::string Layout::entries_key(std::string_view epoch, std::string_view avatar) const {
  return begin(epoch, bucket_of(avatar)).append(":entries:").append(avatar);
}

std::string Layout::claim_key(std::string_view epoch, std::string_view avatar, std::string_view url) const {
  return begin(epoch, bucket_of(avatar)).append(":claim:").append(url);
}

}  // namespace edge::tier2
