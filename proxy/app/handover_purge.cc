#include "app/handover_purge.h"

#include "base/check.h"
#include "base/log.h"
#include "http/target.h"

namespace edge::app {
namespace {

using serving::Purge;

constexpr std::string_view kWhat[] = {"avatar", "url", "all"};

std::string_view text_of(cache::PurgeMode mode) { return mode == cache::PurgeMode::Soft ? "soft" : "hard"; }

std::string line_of(const Purge& purge) {
  return std::string("purge ")
      .append(text_of(purge.mode))
      .append(" ")
      .append(kWhat[static_cast<std::size_t>(purge.what)]);
}

void apply(const Purge& purge, const serving::Routes& routes, cache::MemoryCache& cache) {
  switch (purge.what) {
    case Purge::What::Avatar:
      cache.purge_avatar(purge.name, purge.mode);
      return;
    case Purge::What::Url: {
      std::string target_scratch, avatar_scratch;
      if (const auto target = http::parse_target(purge.name, target_scratch))
        cache.purge_url({routes.avatar_of(target->path, avatar_scratch).avatar, target->path_and_query}, purge.mode);
      return;
    }
    case Purge::What::All:
      cache.purge_all(purge.mode);
      return;
  }
  EDGE_CHECK(false);
}

}  // namespace

void PurgeTeller::tell(HandoverLink& link, const Purge& purge) {
  if (unsent_ == kUnsentMax) return void(owes_all_ = true);
  ++unsent_;
  link.send(line_of(purge), purge.name);
}

void PurgeTeller::on_sent(HandoverLink& link) {
  unsent_ = 0;
  if (std::exchange(owes_all_, false)) tell(link, {});
}

std::optional<Purge> try_purge(const HandoverFrame& frame) {
  if (frame.words.size() < 3 || frame.words[0] != "purge") return std::nullopt;
  for (const auto what : {Purge::What::Avatar, Purge::What::Url, Purge::What::All})
    if (frame.words[2] == kWhat[static_cast<std::size_t>(what)])
      return Purge{what, frame.words[1] == "soft" ? cache::PurgeMode::Soft : cache::PurgeMode::Hard,
                   std::string(frame.bytes)};
  return std::nullopt;
}

// Said when it is done: whoever reads it may ask at once.
void repeat_purge(const Purge& purge, const serving::Routes& routes, cache::MemoryCache& cache) {
  apply(purge, routes, cache);
  log_info("upgrade.purge", "as the other process was told: " + line_of(purge) + " " + purge.name);
}

}  // namespace edge::app
