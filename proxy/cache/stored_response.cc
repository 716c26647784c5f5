#include "cache/stored_response.h"

#include <malloc.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "base/check.h"

namespace edge::cache {
namespace {

// Up to here a copy costs less than a block of its own.
constexpr std::size_t kInlineBodyBytes = 32 * 1024;

// What a large body costs.
class Charge final : public Shared {
 public:
  Charge(const Bytes& body, MemoryBudget& budget)
      : owner_(body.owner()), bytes_(sizeof(Charge) + body.footprint()), budget_(budget) {
    budget_.charge(bytes_);
  }
  ~Charge() override { budget_.refund(bytes_); }

 private:
  const Ref<const Shared> owner_;
  const std::size_t bytes_;
  MemoryBudget& budget_;
};

std::uint32_t in_seconds(std::chrono::milliseconds time) {
  return static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(std::chrono::floor<std::chrono::seconds>(time).count(), 0, UINT32_MAX));
}

}  // namespace

Ref<const Shared> charge_body(const Bytes& body, MemoryBudget& budget) {
  return Ref<const Shared>(new Charge(body, budget));
}

Ref<const StoredResponse> StoredResponse::make(const StoredResponseParts& parts, Bytes body, MemoryBudget& budget) {
  if (body.size() <= kInlineBodyBytes) return make(parts, body.view(), nullptr, budget);
  body.shrink_to_fit();
  return make(parts, body.view(), charge_body(body, budget), budget);
}

Ref<const StoredResponse> StoredResponse::make(const StoredResponseParts& parts, std::string_view body,
                                               Ref<const Shared> owner, MemoryBudget& budget) {
  const bool is_inline = body.size() <= kInlineBodyBytes;
  StoredResponse* response = allocate(parts, is_inline ? body.size() : 0, budget);
  response->body_size_ = body.size();
  if (is_inline) {
    char* place = const_cast<char*>(response->fields().data()) + response->fields_size_;
    if (!body.empty()) std::memcpy(place, body.data(), body.size());
    response->body_ = place;
  } else {
    response->body_ = body.data();
    response->body_owner_ = std::move(owner);
  }
  return Ref<const StoredResponse>(response);
}

Ref<const StoredResponse> StoredResponse::make_refreshed(const StoredResponseParts& parts,
                                                         const Ref<const StoredResponse>& old, MemoryBudget& budget) {
  StoredResponse* response = allocate(parts, 0, budget);
  response->body_ = old->body_;
  response->body_size_ = old->body_size_;
  response->body_owner_ = old->body_owner_ ? old->body_owner_ : Ref<const Shared>(old);
  return Ref<const StoredResponse>(response);
}

StoredResponse* StoredResponse::allocate(const StoredResponseParts& parts, std::size_t body_bytes,
                                         MemoryBudget& budget) {
  const std::size_t bytes = sizeof(StoredResponse) + parts.url.size() + parts.selecting.size() + parts.withheld.size() +
                            parts.fields.size() + body_bytes;
  void* const memory = std::malloc(bytes);
  EDGE_CHECK(memory != nullptr);
  auto* const response = new (memory) StoredResponse(parts, budget);
  char* at = reinterpret_cast<char*>(response + 1);
  for (const std::string_view part : {parts.url, parts.selecting, parts.withheld, parts.fields}) {
    if (!part.empty()) std::memcpy(at, part.data(), part.size());
    at += part.size();
  }
  budget.charge(malloc_usable_size(memory) + sizeof(std::size_t));
  return response;
}

StoredResponse::StoredResponse(const StoredResponseParts& parts, MemoryBudget& budget)
    : status_(parts.status),
      etag_size_(static_cast<std::uint16_t>(parts.etag.size())),
      has_version_(parts.version.has_value()),
      stale_by_request_(parts.stale.by_request),
      lifetime_source_(parts.lifetime_source),
      storability_(parts.storability),
      etag_offset_(parts.etag.empty() ? 0 : static_cast<std::uint32_t>(parts.etag.data() - parts.fields.data())),
      url_size_(static_cast<std::uint32_t>(parts.url.size())),
      selecting_size_(static_cast<std::uint32_t>(parts.selecting.size())),
      withheld_size_(static_cast<std::uint32_t>(parts.withheld.size())),
      fields_size_(static_cast<std::uint32_t>(parts.fields.size())),
      stale_while_revalidate_(in_seconds(parts.stale.while_revalidate)),
      stale_if_error_(in_seconds(parts.stale.if_error)),
      version_(parts.version.value_or(0)),
      last_modified_(parts.last_modified ? parts.last_modified->time_since_epoch().count() : kNone),
      born_at_(parts.born_at),
      fresh_until_(parts.fresh_until),
      budget_(budget) {
  EDGE_CHECK(parts.etag.empty() || (etag_offset_ < parts.fields.size() && parts.etag.size() <= UINT16_MAX));
}

void StoredResponse::free_shared() const noexcept {
  void* const memory = const_cast<StoredResponse*>(this);
  budget_.refund(malloc_usable_size(memory) + sizeof(std::size_t));
  this->~StoredResponse();
  std::free(memory);
}

}  // namespace edge::cache
