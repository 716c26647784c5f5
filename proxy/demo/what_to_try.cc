#include "demo/what_to_try.h"

#include <string_view>

namespace edge::demo {
namespace {

// Stand-ins that are replaced by addresses.
constexpr std::string_view kText = R"(
  avatar-edge demo is running; Ctrl-C stops all of it.

  Look at the wall, upload a picture there and see it change:

    http://EDGE/

  Or in another terminal:

    # The first request is a miss, the second a hit (fwd=uri-miss, then hit):
    for i in 1 2; do curl -s -o /dev/null -D - http://EDGE/avatars/42/132 | grep -i cache-status; done

    # Upload a picture through the edge: the next request is a miss and brings the new one:
    curl -s -o new.png http://ORIGIN/avatars/9001/640 && curl -T new.png http://EDGE/avatars/42
    curl -s -o /dev/null -D - http://EDGE/avatars/42/132 | grep -i -e cache-status -e x-avatar-version

UPDATE
    # What it holds of a URL, why and until when:
    curl http://ADMIN/explain/avatars/42/132

    # What it has counted:
    curl -s http://ADMIN/metrics | grep ^avatar_edge_

  edge http://EDGE   sample origin http://ORIGIN   admin http://ADMIN

)";

constexpr std::string_view kUpdateNode = R"(    # Tell the edge that an avatar has changed:
    curl -H 'Content-Type: application/json' -d '{"avatar":"42"}' http://ADMIN/updates

)";

constexpr std::string_view kUpdateFeed =
    R"(    # Publish that an avatar has changed, as your upload service would; each edge that follows the feed drops it:
    redis-cli -s REDIS XADD avatar:updates '*' avatar 42

    # The same over the admin port, answered when every node has applied it:
    curl -H 'Content-Type: application/json' -d '{"avatar":"42"}' 'http://ADMIN/updates?wait=10s'

)";

void replace_all(std::string& text, std::string_view stand_in, std::string_view value) {
  for (std::size_t at = text.find(stand_in); at != std::string::npos; at = text.find(stand_in, at + value.size()))
    text.replace(at, stand_in.size(), value);
}

}  // namespace

std::string what_to_try(const DemoAddresses& addresses) {
  std::string text(kText);
  replace_all(text, "UPDATE\n", addresses.redis_socket.empty() ? kUpdateNode : kUpdateFeed);
  replace_all(text, "REDIS", addresses.redis_socket);
  replace_all(text, "EDGE", addresses.edge);
  replace_all(text, "ORIGIN", addresses.origin);
  replace_all(text, "ADMIN", addresses.admin);
  return text;
}

}  // namespace edge::demo
