#include "feed/proof.h"

#include "feed/identity.h"

namespace edge::feed {
namespace {

// KEYS: stream, registry, identity. ARGV: node, identity of its position or -, proven, read, entries added, lease ms,
// registry ms, how many entries at most.
//
// Effects, not the script, are replicated, so TIME and INFO may be asked. The registry's clock is this server's alone.
constexpr std::string_view kProofScript = R"lua(
if redis.call('HGET', KEYS[3], 'id') ~= identity then
  redis.call('HSET', KEYS[3], 'id', identity, 'since', string.format('%.0f', now))
end
local last, added, entries = '0-0', 0, {}
local stream = redis.pcall('XINFO', 'STREAM', KEYS[1])
if stream.err then
  if not string.find(stream.err, 'no such key') then return stream end
else
  added = -1
  for i = 1, #stream, 2 do
    if stream[i] == 'last-generated-id' then last = stream[i + 1] end
    if stream[i] == 'entries-added' then added = stream[i + 1] end
  end
  local read = redis.call('XREAD', 'COUNT', ARGV[8], 'STREAMS', KEYS[1], ARGV[4])
  if read then entries = read[1][2] end
end
local function is_below(a, b)
  local at, an = string.match(a, '(%d+)-(%d+)')
  local bt, bn = string.match(b, '(%d+)-(%d+)')
  if #at ~= #bt then return #at < #bt end
  if at ~= bt then return at < bt end
  if #an ~= #bn then return #an < #bn end
  return an < bn
end
local position = ARGV[3]
if ARGV[2] == identity and #entries < tonumber(ARGV[8]) and added == tonumber(ARGV[5]) + #entries
    and not is_below(last, ARGV[4]) then
  position = ARGV[4]
end
redis.call('HSET', KEYS[2], ARGV[1],
  ARGV[2] .. ' ' .. position .. ' ' .. ARGV[6] .. ' ' .. string.format('%.0f', now + ARGV[7]))
return {identity, last, added, entries}
)lua";

Failure unexpected() { return fail(ErrorCode::Malformed, "the proof's answer is not what its script answers"); }

}  // namespace

std::string registry_key(std::string_view stream) { return "{" + std::string(stream) + "}:nodes"; }
std::string identity_key(std::string_view stream) { return "{" + std::string(stream) + "}:identity"; }

std::vector<std::string> proof_words(const ProofRequest& request) {
  static const Position kNone{"-", {UINT64_MAX, UINT64_MAX}, {}, 0};
  const Position& position = request.position ? *request.position : kNone;
  return {"EVAL",
          std::string(kIdentityLua).append(kProofScript),
          "3",
          request.stream,
          registry_key(request.stream),
          identity_key(request.stream),
          request.node,
          position.identity,
          position.proven.text(),
          position.read.text(),
          std::to_string(position.entries_added),
          std::to_string(request.lease.count()),
          std::to_string(request.registry.count()),
          std::to_string(request.entries_max)};
}

Result<Proof> parse_proof(const redis::Reply& reply) {
  if (reply.is_error()) return fail(ErrorCode::Unavailable, reply.text);
  if (!reply.is_array() || reply.items.size() != 4) return unexpected();
  const auto& items = reply.items;
  const auto last = cache::try_event_id(items[1].text);
  if (!items[0].is_text() || !last || !items[3].is_array()) return unexpected();
  if (items[2].integer < 0)
    return fail(ErrorCode::Unavailable, "this Redis does not count the entries of a stream; version 7 or later does");
  return Proof{items[0].text, *last, static_cast<std::uint64_t>(items[2].integer), items[3].items};
}

}  // namespace edge::feed
