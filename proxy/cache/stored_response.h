// A response as it is kept: immutable, shared by the index and by every connection that is sending it.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/shared.h"
#include "cache/memory_budget.h"
#include "http/freshness.h"
#include "http/storable.h"

namespace edge::cache {

// What a stored response is made from. Views need to live only during make().
struct StoredResponseParts {
  std::string_view url{};        // The cache key's: path and query.
  std::uint16_t status = 200;    // 0: not a response but the memory that there is none to be stored (a mark).
  std::string_view withheld{};   // Field lines that are for us and not sent on, such as CDN-Cache-Control.
  std::string_view fields{};     // End-to-end field lines, with a Date.
  std::string_view selecting{};  // http::selecting_lines: what Vary chose it by; empty without Vary.
  std::string_view etag{};       // A part of `fields`, or empty.
  std::optional<std::chrono::sys_seconds> last_modified{};
  std::optional<std::uint64_t> version{};
  Instant born_at{};             // When its age was 0: when its head came, less its initial age (RFC 9111
                                 // section 4.2.3). A 304 counts as a new head.
  Instant fresh_until{};         // born_at and its freshness lifetime (section 4.2.1).
  http::StaleAllowance stale{};  // What may be done with it after that; in whole seconds.
  // Why it is kept for so long, or, of a mark, why there is nothing to keep; for those who ask.
  http::LifetimeSource lifetime_source = http::LifetimeSource::None;
  http::Storability storability = http::Storability::Storable;
};

// What keeps the memory of a body, charged to `budget` for as long as it lives.
Ref<const Shared> charge_body(const Bytes& body, MemoryBudget& budget);

// One block of memory: this, then url, selecting, withheld, fields, and a small body; a large body is a block of its
// own that responses may share (a 304 makes a new head for the old body).
class StoredResponse final : public Shared {
 public:
  // Copies a small `body`, adopts a large one. Charged to `budget` for as long as it lives.
  static Ref<const StoredResponse> make(const StoredResponseParts& parts, Bytes body, MemoryBudget& budget);
  // The same of a body that `owner` keeps, and has been charged for (charge_body).
  static Ref<const StoredResponse> make(const StoredResponseParts& parts, std::string_view body,
                                        Ref<const Shared> owner, MemoryBudget& budget);
  // The same body under a new head (RFC 9111 section 3.2).
  static Ref<const StoredResponse> make_refreshed(const StoredResponseParts& parts,
                                                  const Ref<const StoredResponse>& old, MemoryBudget& budget);

  bool is_mark() const noexcept { return status_ == 0; }
  std::uint16_t status() const noexcept { return status_; }
  std::string_view url() const noexcept { return text(0, url_size_); }
  std::string_view selecting() const noexcept { return text(url_size_, selecting_size_); }
  std::string_view withheld() const noexcept { return text(std::size_t{url_size_} + selecting_size_, withheld_size_); }
  std::string_view fields() const noexcept {
    return text(std::size_t{url_size_} + selecting_size_ + withheld_size_, fields_size_);
  }
  std::string_view body() const noexcept { return {body_, body_size_}; }
  std::string_view etag() const noexcept { return fields().substr(etag_offset_, etag_size_); }
  std::optional<std::chrono::sys_seconds> last_modified() const noexcept {
    if (last_modified_ == kNone) return std::nullopt;
    return std::chrono::sys_seconds{std::chrono::seconds{last_modified_}};
  }
  std::optional<std::uint64_t> version() const noexcept {
    return has_version_ ? std::optional{version_} : std::nullopt;
  }
  bool has_validator() const noexcept { return etag_size_ != 0 || last_modified_ != kNone; }

  // RFC 9111 section 4.2.3: never negative.
  std::chrono::seconds age(Instant now) const noexcept {
    return std::chrono::floor<std::chrono::seconds>(std::max(now, born_at_) - born_at_);
  }
  Instant born_at() const noexcept { return born_at_; }
  Instant fresh_until() const noexcept { return fresh_until_; }
  // For how long after it was fresh it may be used: while it is revalidated; when the origin fails (RFC 5861).
  std::chrono::seconds stale_while_revalidate() const noexcept { return std::chrono::seconds{stale_while_revalidate_}; }
  std::chrono::seconds stale_if_error() const noexcept { return std::chrono::seconds{stale_if_error_}; }
  // Whether a client may ask for it with max-stale (RFC 9111 section 5.2.1.2).
  bool may_be_stale_by_request() const noexcept { return stale_by_request_; }
  http::LifetimeSource lifetime_source() const noexcept { return lifetime_source_; }
  http::Storability storability() const noexcept { return storability_; }

 private:
  static constexpr std::int64_t kNone = INT64_MIN;

  StoredResponse(const StoredResponseParts& parts, MemoryBudget& budget);
  static StoredResponse* allocate(const StoredResponseParts& parts, std::size_t body_bytes, MemoryBudget& budget);
  void free_shared() const noexcept override;
  std::string_view text(std::size_t offset, std::size_t size) const noexcept {
    return {reinterpret_cast<const char*>(this + 1) + offset, size};
  }

  std::uint16_t status_;
  std::uint16_t etag_size_;
  bool has_version_ : 1;
  bool stale_by_request_ : 1;
  http::LifetimeSource lifetime_source_;
  http::Storability storability_;
  std::uint32_t etag_offset_;
  std::uint32_t url_size_;
  std::uint32_t selecting_size_;
  std::uint32_t withheld_size_;
  std::uint32_t fields_size_;
  std::uint32_t stale_while_revalidate_;  // Seconds.
  std::uint32_t stale_if_error_;          // Seconds.
  std::uint64_t version_;
  std::int64_t last_modified_;  // Seconds since the epoch, or kNone.
  Instant born_at_;
  Instant fresh_until_;
  MemoryBudget& budget_;
  const char* body_ = nullptr;
  std::size_t body_size_ = 0;
  Ref<const Shared> body_owner_;  // Null: the body stands at the end of this block.
};

}  // namespace edge::cache
