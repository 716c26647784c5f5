#include "feed/publication.h"

#include <algorithm>

#include "base/text.h"
#include "feed/identity.h"
#include "feed/proof.h"

namespace edge::feed {
namespace {

// KEYS: stream. ARGV: what follows the stream in XADD.
constexpr std::string_view kPublishScript = R"lua(
return {redis.call('XADD', KEYS[1], unpack(ARGV)), identity}
)lua";

// KEYS: registry, identity.
constexpr std::string_view kRegistryScript = R"lua(
local age = 0
if redis.call('HGET', KEYS[2], 'id') == identity then age = now - tonumber(redis.call('HGET', KEYS[2], 'since')) end
local nodes = redis.call('HGETALL', KEYS[1])
local alive = {}
for i = 1, #nodes, 2 do
  local expires = tonumber(string.match(nodes[i + 1], '(%d+)$'))
  if expires and expires > now then
    alive[#alive + 1] = nodes[i]
    alive[#alive + 1] = nodes[i + 1]
  else
    redis.call('HDEL', KEYS[1], nodes[i])
  end
end
-- A look that ends a wait is good for nothing on a server that takes no writes any more (R8).
redis.call('HSET', KEYS[2], 'looked', string.format('%.0f', now))
return {identity, age, alive}
)lua";

Failure unexpected() { return fail(ErrorCode::Malformed, "Redis answered what no script of ours answers"); }

std::string_view take_word(std::string_view& rest) {
  const std::size_t end = std::min(rest.find(' '), rest.size());
  const std::string_view word = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return word;
}

// "IDENTITY POSITION LEASE EXPIRES", as the proof writes it.
std::optional<RegisteredNode> try_node(const std::string& name, std::string_view text) {
  RegisteredNode node{name, std::string(take_word(text)), {}, {}};
  const auto position = cache::try_event_id(take_word(text));
  const auto lease = try_unsigned(take_word(text));
  if (!position || !lease) return std::nullopt;
  node.position = *position;
  node.lease = std::chrono::milliseconds{*lease};
  return node;
}

}  // namespace

std::vector<std::string> publish_words(const std::string& stream, const UpdateEvent& event, std::uint64_t length_max) {
  std::vector<std::string> words{"EVAL", std::string(kIdentityLua).append(kPublishScript), "1", stream};
  const auto xadd = xadd_words(stream, event, length_max);
  words.insert(words.end(), xadd.begin() + 2, xadd.end());
  return words;
}

Result<Written> parse_written(const redis::Reply& reply) {
  if (reply.is_error()) return fail(ErrorCode::Unavailable, reply.text);
  const auto id = reply.items.size() == 2 ? cache::try_event_id(reply.items[0].text) : std::nullopt;
  if (!id) return unexpected();
  return Written{*id, reply.items[1].text};
}

std::vector<std::string> registry_words(const std::string& stream) {
  return {"EVAL", std::string(kIdentityLua).append(kRegistryScript), "2", registry_key(stream), identity_key(stream)};
}

Result<Registry> parse_registry(const redis::Reply& reply) {
  if (reply.is_error()) return fail(ErrorCode::Unavailable, reply.text);
  if (reply.items.size() != 3) return unexpected();
  Registry registry{reply.items[0].text, std::chrono::milliseconds{reply.items[1].integer}, {}};
  const auto& nodes = reply.items[2].items;
  for (std::size_t i = 0; i + 1 < nodes.size(); i += 2) {
    auto node = try_node(nodes[i].text, nodes[i + 1].text);
    if (!node) return unexpected();
    registry.nodes.push_back(std::move(*node));
  }
  return registry;
}

bool Acknowledging::is_over(const Registry& registry, Instant now) {
  outcome_.took = std::chrono::floor<std::chrono::milliseconds>(now - written_at_);
  // R18: a young registry may have forgotten nodes that go on under their lease.
  bool have_all = !is_of_another_life(registry) && registry.identity_age > registry_ + failover_lag_;
  for (const RegisteredNode& node : registry.nodes) {
    longest_lease_ = std::max(longest_lease_, node.lease);
    const auto known = std::find_if(outcome_.nodes.begin(), outcome_.nodes.end(),
                                    [&](const Acknowledgement::Node& one) { return one.name == node.name; });
    Acknowledgement::Node& outcome =
        known == outcome_.nodes.end() ? outcome_.nodes.emplace_back(Acknowledgement::Node{node.name}) : *known;
    if (!outcome.applied_after && node.identity == written_.identity && node.position >= written_.id)
      outcome.applied_after = outcome_.took;
    have_all = have_all && outcome.applied_after;
  }
  outcome_.was_waited_out = !have_all && outcome_.took > longest_lease_ + failover_lag_;
  outcome_.is_complete = have_all || outcome_.was_waited_out;
  return outcome_.is_complete;
}

}  // namespace edge::feed
