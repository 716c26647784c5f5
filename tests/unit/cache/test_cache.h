// A memory cache and a clock that stands still, spoken to in a few words. URLs are "/AVATAR/VARIANT".
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cache/memory_cache.h"

namespace edge::cache {

using namespace std::chrono_literals;

// What the origin said of a response.
struct Said {
  std::optional<std::uint64_t> version{};
  std::string etag = "\"1\"";
  std::chrono::milliseconds ttl = 60s;
  std::string selecting{};
  std::uint16_t status = 200;
  http::StaleAllowance stale{};
};

// A request, and what it found.
struct Asked {
  std::string url;
  WaiterId waiter;
  Lookup found;

  bool is_hit() const { return std::holds_alternative<Hit>(found); }
  bool is_uncacheable() const { return std::holds_alternative<Uncacheable>(found); }
  bool leads() const { return std::holds_alternative<Lead>(found); }
  bool joined() const { return std::holds_alternative<Joined>(found); }
  bool is_turned_away() const { return std::holds_alternative<TooManyWaiters>(found); }
  std::string body() const { return is_hit() ? std::string(std::get<Hit>(found).response->body()) : "(no hit)"; }
  // What it may revalidate.
  Ref<const StoredResponse> stale() const { return leads() ? std::get<Lead>(found).stale : nullptr; }
};

inline StaleHit* stale_hit(Asked& asked) { return std::get_if<StaleHit>(&asked.found); }

class TestCache {
 public:
  explicit TestCache(const CacheOptions& options = {}) : cache(options, clock) {}

  static std::string_view avatar_of(std::string_view url) { return url.substr(1, url.find('/', 1) - 1); }
  static CacheKey key(std::string_view url) { return CacheKey(avatar_of(url), url); }

  // `lines` are the request's.
  Asked get(std::string url, std::string_view lines = "") {
    const WaiterId waiter{0, ++requests_};
    Lookup found = look_up(url, lines, waiter);
    return {std::move(url), waiter, std::move(found)};
  }
  Lookup look_up(std::string_view url, std::string_view lines, WaiterId waiter) {
    const http::Fields request = http::parse_lines(lines);
    return cache.look_up(key(url), {.fields = request, .limits = limits, .fill = fill}, clock.now(), waiter);
  }
  Ref<const StoredResponse> response(std::string_view url, std::string_view body, const Said& said = {}) {
    const std::string fields = said.etag.empty() ? "x: y\r\n" : "etag: " + said.etag + "\r\n";
    Bytes bytes;
    bytes.append(body);
    return StoredResponse::make(parts(url, fields, said), std::move(bytes), cache.budget());
  }
  Ref<const StoredResponse> refreshed(const Ref<const StoredResponse>& old, const Said& said = {}) {
    const std::string fields = "etag: " + said.etag + "\r\n";
    return StoredResponse::make_refreshed(parts(old->url(), fields, said), old, cache.budget());
  }

  // The origin answers the leader.
  FillEnded answer(Asked& leader, std::string_view body, const Said& said = {}) {
    return cache.store(permit(leader), response(leader.url, body, said));
  }
  FillEnded answer_not_modified(Asked& leader, const Said& said = {}) {
    const Ref<const StoredResponse> stale = leader.stale();
    return cache.refresh(permit(leader), stale, refreshed(stale, said));
  }
  FillEnded answer_not_storable(Asked& leader) { return answer(leader, "", {.etag = "", .status = 0}); }
  FillEnded fail(Asked& leader) { return cache.give_up(permit(leader)); }

  // Asks for it and stores what the origin answers.
  StoreVerdict put(const std::string& url, std::string_view body, const Said& said = {}, std::string_view lines = "") {
    Asked asked = get(url, lines);
    return answer(asked, body, said).verdict;
  }
  // True if a request now would be answered from memory.
  bool holds(const std::string& url, std::string_view lines = "") {
    Asked asked = get(url, lines);
    if (asked.leads()) fail(asked);
    return asked.is_hit();
  }

  FakeClock clock;
  MemoryCache cache;
  // Of the requests to come.
  http::UseLimits limits{};
  Question::Fill fill = Question::Fill::Shared;

 private:
  static FillPermit permit(Asked& leader) { return std::move(std::get<Lead>(leader.found).permit); }
  StoredResponseParts parts(std::string_view url, std::string_view fields, const Said& said) {
    const std::string_view etag = said.etag.empty() ? "" : fields.substr(6, said.etag.size());
    return {.url = url,
            .status = said.status,
            .fields = fields,
            .selecting = said.selecting,
            .etag = etag,
            .version = said.version,
            .born_at = clock.now(),
            .fresh_until = clock.now() + said.ttl,
            .stale = said.stale};
  }

  std::uint64_t requests_ = 0;
};

}  // namespace edge::cache
