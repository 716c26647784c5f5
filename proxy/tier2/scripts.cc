#include "tier2/scripts.h"

#include "base/hash.h"
#include "base/text.h"

namespace edge::tier2 {
namespace {

// KEYS: guard, entries, claim. ARGV: URL, Vary, which, node, claim ms.
constexpr std::string_view kGet = R"lua(
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
local guard = redis.call('HMGET', KEYS[1], '@birth', '@identity', '@id')
if not guard[1] then return {now, '', '', 0, false, '0', ''} end
local which = ARGV[3] .. ARGV[1]
local held = redis.call('HMGET', KEYS[2], '@birth', 'v' .. ARGV[1], 'e' .. which, 't' .. which, 'x' .. which)
if held[5] and tonumber(held[5]) <= tonumber(now) then held[3] = false end
local vary = held[1] == guard[1] and held[2]
if vary and (vary ~= ARGV[2] or held[3]) then
  local same = vary == ARGV[2]
  return {now, guard[2], guard[3], 0, vary, same and held[4] or '0', same and held[3] or ''}
end
local other = 0
if ARGV[5] ~= '0' then
  local claimed = redis.pcall('SET', KEYS[3], ARGV[4], 'NX', 'PX', ARGV[5])
  if claimed == false and redis.call('GET', KEYS[3]) ~= ARGV[4] then other = 1 end
end
return {now, guard[2], guard[3], other, vary, '0', ''}
)lua";

// KEYS: guard, entries, claim. ARGV: identity, as_of, floor or empty, avatar, URL, Vary, which, put at, TTL ms, bytes.
constexpr std::string_view kPut = R"lua(
local guard = redis.call('HMGET', KEYS[1], '@birth', '@identity', '@mark', 'f' .. ARGV[4])
if not guard[1] then return 'unborn' end
if guard[2] ~= ARGV[1] then return 'life' end
if ARGV[2] < guard[3] then return 'mark' end
local floor = guard[4]
if floor and ARGV[2] < floor then return 'floor' end
if ARGV[3] ~= '' and (not floor or floor < ARGV[3]) then
  floor = ARGV[3]
  redis.call('HSET', KEYS[1], 'f' .. ARGV[4], floor)
end
local held = redis.pcall('HMGET', KEYS[2], '@birth', '@low')
if held.err or (held[1] and (held[1] ~= guard[1] or (floor and held[2] < floor) or redis.call('HLEN', KEYS[2]) > 400))
then
  redis.call('UNLINK', KEYS[2])
  held = {false, false}
end
local low = ARGV[2]
if held[2] and held[2] < low then low = held[2] end
local which = ARGV[7] .. ARGV[5]
local ttl = tonumber(ARGV[9])
if held[1] then ttl = math.max(ttl, redis.call('PTTL', KEYS[2])) end
redis.call('HSET', KEYS[2], '@birth', guard[1], '@low', low, 'v' .. ARGV[5], ARGV[6],
  'e' .. which, ARGV[10], 't' .. which, ARGV[8], 'x' .. which, string.format('%.0f', ARGV[8] + ARGV[9]))
redis.call('PEXPIRE', KEYS[2], string.format('%.0f', ttl))
redis.call('UNLINK', KEYS[3])
return 'stored'
)lua";

// KEYS: guard, then the entries of each event's avatar. ARGV: identity, from, its count, to, its count, floors at most,
// birth, then avatar and ID of each event. Floors are to be raised also where Redis is full: it is less that is held
// then, not more. A guard that nobody speaks to for a day goes, as those of epochs that are over. Keys that are no
// hashes, by whoever's hand, go: an error would close the tier to all for good.
constexpr std::string_view kApply = R"lua(#!lua flags=allow-oom
local function be_born()
  redis.call('UNLINK', KEYS[1])
  redis.call('HSET', KEYS[1], '@birth', ARGV[7], '@identity', ARGV[1], '@id', ARGV[4], '@added', ARGV[5], '@mark', ARGV[4])
  redis.call('PEXPIRE', KEYS[1], 86400000)
  return 'born'
end
local guard = redis.pcall('HMGET', KEYS[1], '@birth', '@identity', '@id', '@added', '@mark')
if guard.err or not guard[1] then return be_born() end
local clean = guard[3]
if guard[2] ~= ARGV[1] then return 'life' end
redis.call('PEXPIRE', KEYS[1], 86400000)
if (clean == ARGV[2] and guard[4] ~= ARGV[3]) or (clean == ARGV[4] and guard[4] ~= ARGV[5]) then return 'life' end
if clean >= ARGV[4] then return 'moved' end
for i = 2, #KEYS do
  local avatar, id = ARGV[4 + 2 * i], ARGV[5 + 2 * i]
  if id > clean then
    local floor = redis.call('HGET', KEYS[1], 'f' .. avatar)
    if not floor or floor < id then redis.call('HSET', KEYS[1], 'f' .. avatar, id) end
    local low = redis.pcall('HGET', KEYS[i], '@low')
    if low and (type(low) == 'table' or low < id) then redis.call('UNLINK', KEYS[i]) end
  end
end
if clean < ARGV[2] then return 'behind' end
redis.call('HSET', KEYS[1], '@id', ARGV[4], '@added', ARGV[5])
if redis.call('HLEN', KEYS[1]) > tonumber(ARGV[6]) then
  redis.call('UNLINK', KEYS[1])
  redis.call('HSET', KEYS[1], '@birth', guard[1], '@identity', guard[2], '@id', ARGV[4], '@added', ARGV[5], '@mark', ARGV[4])
  redis.call('PEXPIRE', KEYS[1], 86400000)
end
return 'moved'
)lua";

// KEYS: epoch. ARGV: from or empty, to.
constexpr std::string_view kMoveEpoch = R"lua(#!lua flags=allow-oom
local now = redis.call('GET', KEYS[1])
if (now or '') ~= ARGV[1] then return now or '' end
redis.call('SET', KEYS[1], ARGV[2])
return ARGV[2]
)lua";

constexpr std::size_t kDigits = 20;  // Of the largest number there is.

void append_padded(std::string& to, std::uint64_t number) {
  const std::string digits = std::to_string(number);
  to.append(kDigits - digits.size(), '0').append(digits);
}

// Which of a URL's responses, as a part of a field's name: the same size for all, so that no URL can pass for another.
std::string which(std::string_view selecting) {
  std::string text;
  append_padded(text, stable_hash(selecting));
  return text;
}

Failure unexpected(const redis::Reply& reply) {
  if (reply.is_error()) return fail(ErrorCode::Unavailable, reply.text);
  return fail(ErrorCode::Malformed, "an answer that no script of ours gives");
}

}  // namespace

std::vector<std::string_view> scripts() { return {kGet, kPut, kApply, kMoveEpoch}; }

std::string padded(cache::EventId id) {
  std::string text;
  append_padded(text, id.milliseconds);
  append_padded(text += '-', id.sequence);
  return text;
}

std::optional<cache::EventId> try_padded(std::string_view text) {
  if (text.size() != 2 * kDigits + 1) return std::nullopt;
  return cache::try_event_id(text);
}

Words words_of(const GetCall& call, const Layout& layout) {
  return {"3",
          layout.guard_key(call.epoch, Layout::bucket_of(call.avatar)),
          layout.entries_key(call.epoch, call.avatar),
          layout.claim_key(call.epoch, call.avatar, call.url),
          std::string(call.url),
          std::string(call.vary),
          which(call.selecting),
          std::string(call.node),
          std::to_string(call.claim.count())};
}

Result<GetAnswer> parse_get(redis::Reply reply) {
  if (!reply.is_array() || reply.items.size() != 7) return unexpected(reply);
  auto& items = reply.items;
  const auto now = try_unsigned(items[0].text), put_at = try_unsigned(items[5].text);
  if (!now || !put_at) return unexpected(reply);
  GetAnswer answer{.now_ms = *now, .identity = std::move(items[1].text)};
  if (answer.identity.empty()) return answer;
  const auto clean = try_padded(items[2].text);
  if (!clean) return unexpected(reply);
  answer.clean = *clean;
  answer.is_claimed_by_other = items[3].integer == 1;
  if (items[4].is_text()) answer.vary = std::move(items[4].text);
  answer.put_at_ms = *put_at;
  answer.bytes = std::move(items[6].text);
  return answer;
}

Words words_of(const PutCall& call, const Layout& layout) {
  return {"3",
          layout.guard_key(call.epoch, Layout::bucket_of(call.avatar)),
          layout.entries_key(call.epoch, call.avatar),
          layout.claim_key(call.epoch, call.avatar, call.url),
          std::string(call.identity),
          padded(call.as_of),
          call.floor == cache::EventId{} ? std::string() : padded(call.floor),
          std::string(call.avatar),
          std::string(call.url),
          std::string(call.vary),
          which(call.selecting),
          std::to_string(call.put_at_ms),
          std::to_string(call.ttl.count()),
          std::string(call.bytes)};
}

Result<PutEnd> parse_put(const redis::Reply& reply) {
  if (reply.text == "stored") return PutEnd::Stored;
  if (reply.text == "unborn") return PutEnd::Unborn;
  if (reply.text == "life") return PutEnd::OtherLife;
  if (reply.text == "mark") return PutEnd::BelowMark;
  if (reply.text == "floor") return PutEnd::BelowFloor;
  return unexpected(reply);
}

Words words_of(const ApplyCall& call, const Layout& layout) {
  Words words{std::to_string(1 + call.events.size()), layout.guard_key(call.epoch, call.bucket)};
  for (const TierEvent* event : call.events) words.push_back(layout.entries_key(call.epoch, event->avatar));
  for (std::string argument :
       {std::string(call.identity), padded(call.from.id), std::to_string(call.from.added), padded(call.to.id),
        std::to_string(call.to.added), std::to_string(call.floors_max), std::string(call.birth)})
    words.push_back(std::move(argument));
  for (const TierEvent* event : call.events) {
    words.push_back(event->avatar);
    words.push_back(padded(event->at.id));
  }
  return words;
}

Result<ApplyEnd> parse_apply(const redis::Reply& reply) {
  if (reply.text == "moved") return ApplyEnd::Moved;
  if (reply.text == "born") return ApplyEnd::Born;
  if (reply.text == "behind") return ApplyEnd::Behind;
  if (reply.text == "life") return ApplyEnd::OtherLife;
  return unexpected(reply);
}

Words clean_words(std::string_view epoch, std::uint32_t bucket, const Layout& layout) {
  return {"HMGET", layout.guard_key(epoch, bucket), "@identity", "@id", "@added"};
}

Result<Clean> parse_clean(const redis::Reply& reply) {
  if (!reply.is_array() || reply.items.size() != 3) return unexpected(reply);
  if (reply.items[0].is_nil()) return Clean{};
  const auto id = try_padded(reply.items[1].text);
  const auto added = try_unsigned(reply.items[2].text);
  if (!id || !added) return unexpected(reply);
  return Clean{reply.items[0].text, {*id, *added}};
}

Words move_epoch_words(std::string_view from, std::string_view to, const Layout& layout) {
  return {"1", layout.epoch_key(), std::string(from), std::string(to)};
}

}  // namespace edge::tier2
