// What S3-FIFO remembers of keys it has evicted: a fingerprint and an age each, nothing else. Part of one S3Fifo, and
// guarded by whatever guards that.
//
// A table of small buckets, each one cache line. Forgetting costs nothing: an entry is live while fewer than `limit`
// others were remembered after it, and dead slots are reused when a new one needs room. Where a bucket is full of live
// entries its oldest gives way: at its fullest the table forgets one in twenty early. Fingerprints have 32 bits: with
// 16,000 live entries one lookup in 250,000 finds what was never there, which spares that key its probation and does no
// harm.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace edge::cache {

class GhostTable {
 public:
  // Remembers a key; at most the `limit` youngest are known afterwards. The table grows and shrinks with `limit`, by
  // doubling and halving, so its memory stays below 22 bytes times the limit (or one bucket), and the cost of
  // rebuilding it is amortised to a constant.
  void remember(std::uint64_t hash, std::size_t limit);
  // How many keys were remembered since this one was, itself included, so at least 1; nullopt when it is not known. It
  // is forgotten then.
  std::optional<std::uint32_t> try_take(std::uint64_t hash) noexcept;

  // Memory of the table.
  std::size_t bytes() const noexcept { return buckets_.capacity() * sizeof(Bucket); }

 private:
  struct Slot {
    std::uint32_t fingerprint = 0;
    std::uint32_t born = 0;  // The value of `clock_` when it was remembered; 0: empty.
  };
  static constexpr std::size_t kSlots = 8;
  struct alignas(64) Bucket {
    std::array<Slot, kSlots> slots;
  };

  static std::uint32_t fingerprint_of(std::uint64_t hash) noexcept;
  Bucket& bucket_of(std::uint32_t fingerprint) noexcept;
  bool is_live(const Slot& slot) const noexcept { return slot.born != 0 && clock_ - slot.born < limit_; }
  void place(Slot slot) noexcept;
  void fit(std::size_t limit);

  std::vector<Bucket> buckets_;  // None or a power of two.
  std::uint32_t limit_ = 0;
  std::uint32_t clock_ = 0;  // Counts what was remembered. Its wrap after 2^32 revives at worst a few dead entries.
};

}  // namespace edge::cache
