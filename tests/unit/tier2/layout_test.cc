#include "tier2/layout.h"

#include <set>

#include "support/catch.h"

using namespace edge::tier2;

namespace {

// What a cluster chooses a key's slot by.
std::string hash_tag(const std::string& key) {
  const std::size_t begin = key.find('{') + 1;
  return key.substr(begin, key.find('}', begin) - begin);
}

}  // namespace

TEST_CASE("all that a script touches has one slot of a cluster", "[tier2][PROTOCOL Tier]") {
  const Layout layout("site");
  const std::string tag = hash_tag(layout.guard_key("e", Layout::bucket_of("42")));
  CHECK_FALSE(tag.empty());
  CHECK(hash_tag(layout.entries_key("e", "42")) == tag);
  CHECK(hash_tag(layout.claim_key("e", "42", "/{x}/64?{y}")) == tag);
}

TEST_CASE("avatars fall into all buckets, and each bucket has a slot of its own", "[tier2][PROTOCOL Tier]") {
  const Layout layout("site");
  std::set<std::uint32_t> buckets;
  for (int avatar = 0; avatar < 1'000; ++avatar) buckets.insert(Layout::bucket_of(std::to_string(avatar)));
  CHECK(buckets.size() == kBuckets);
  CHECK(*buckets.rbegin() == kBuckets - 1);
  std::set<std::string> tags;
  for (std::uint32_t bucket = 0; bucket < kBuckets; ++bucket) tags.insert(hash_tag(layout.guard_key("e", bucket)));
  CHECK(tags.size() == kBuckets);
}

TEST_CASE("every version of the program puts an avatar into the same place", "[tier2]") {
  const Layout layout("site");
  CHECK(layout.epoch_key() == "{site}:epoch");
  CHECK(layout.guard_key("e", 3) == "{site:16/3}:e:guard");
  CHECK(layout.entries_key("e", "42") == "{site:16/1}:e:entries:42");
  CHECK(layout.claim_key("e", "42", "/42/64") == "{site:16/1}:e:claim:/42/64");
}

TEST_CASE("nothing of one epoch, tier or avatar is in reach of another", "[tier2][PROTOCOL R27]") {
  std::set<std::string> keys;
  for (const char* prefix : {"site", "other"})
    for (const char* epoch : {"e", "f"})
      for (const char* avatar : {"42", "43"}) {
        const Layout layout(prefix);
        keys.insert(layout.guard_key(epoch, Layout::bucket_of(avatar)));
        keys.insert(layout.entries_key(epoch, avatar));
        keys.insert(layout.claim_key(epoch, avatar, "/" + std::string(avatar) + "/64"));
      }
  CHECK(keys.size() == 24);
  CHECK(Layout("site").epoch_key() != Layout("other").epoch_key());
}
