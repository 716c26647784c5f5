#include "redis/sentinel_ask.h"

#include <utility>

#include "base/check.h"
#include "base/text.h"

namespace edge::redis {

Result<NamedPrimary> parse_named_primary(const std::string& name, const Reply& address, const Reply& primary) {
  if (address.is_nil()) return fail(ErrorCode::Unavailable, "no master named '" + name + "'");
  if (address.is_error()) return fail(ErrorCode::Unavailable, address.text);
  const auto port = address.items.size() == 2 ? try_unsigned(address.items[1].text) : std::nullopt;
  if (!port || *port == 0 || *port > 65535 || address.items[0].text.empty())
    return fail(ErrorCode::Malformed, "its answer for '" + name + "' is no address");
  NamedPrimary named{address.items[0].text, static_cast<std::uint16_t>(*port), {}};
  // Names and values by turns.
  for (std::size_t i = 0; i + 1 < primary.items.size(); i += 2)
    if (primary.items[i].text == "config-epoch") named.epoch = try_unsigned(primary.items[i + 1].text);
  return named;
}

const NamedPrimary* find_named_by_most(const NamedPrimaries& said) {
  for (const auto& one : said) {
    if (!one) continue;
    std::size_t agree = 0;
    const NamedPrimary* newest = &*one;
    for (const auto& other : said) {
      if (!other || other->host != one->host || other->port != one->port) continue;
      ++agree;
      if (other->epoch > newest->epoch) newest = &*other;
    }
    if (agree * 2 > said.size()) return newest;
  }
  return nullptr;
}

SentinelAsk::SentinelAsk(event::EventLoop& loop, const RedisUrl& sentinel, std::string name,
                         std::chrono::milliseconds timeout, OnDone on_done)
    : loop_(loop),
      place_(sentinel.place()),
      name_(std::move(name)),
      deadline_(loop.now() + timeout),
      on_done_(std::move(on_done)),
      connection_(loop, sentinel, timeout, [this](const Status& state) { on_state(state); }) {}

void SentinelAsk::on_state(const Status& state) {
  if (!state) return finish(fail(ErrorCode::Unavailable, "sentinel " + state.error().message));
  ask(std::chrono::ceil<std::chrono::milliseconds>(deadline_ - loop_.now()));
}

void SentinelAsk::ask_again(std::chrono::milliseconds timeout, OnDone on_done) {
  EDGE_CHECK(may_ask_again());
  on_done_ = std::move(on_done);
  ask(timeout);
}

void SentinelAsk::ask(std::chrono::milliseconds timeout) {
  connection_.command({"SENTINEL", "MASTER", name_}, timeout, [this](Result<Reply> reply) {
    if (reply) primary_ = *std::move(reply);
  });
  connection_.command({"SENTINEL", "GET-MASTER-ADDR-BY-NAME", name_}, timeout,
                      [this](const Result<Reply>& reply) { on_address(reply); });
}

void SentinelAsk::on_address(const Result<Reply>& reply) {
  if (!reply) return;  // on_state tells why.
  auto named = parse_named_primary(name_, *reply, primary_);
  if (!named) return finish(fail(named.error().code, "sentinel " + place_ + ": " + named.error().message));
  finish(std::move(named));
}

void SentinelAsk::finish(Result<NamedPrimary> answer) {
  if (on_done_) std::exchange(on_done_, nullptr)(std::move(answer));
}

}  // namespace edge::redis
