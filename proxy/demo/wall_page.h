// The wall: one page for people, which fetches avatars through the edge and shows for each whether it was a hit. All of
// it is in proxy/demo/wall.html; it loads nothing else.
#pragma once

#include <string>
#include <string_view>

namespace edge::demo {

struct WallPage {
  std::string fields;  // Field lines for its 200, with a policy that lets only its own script and style run.
  std::string html;
};

// `admin_address`: host:port of the admin port, for the links. `nonce`: letters and digits, another for each answer.
WallPage make_wall_page(std::string_view admin_address, std::string_view nonce);

}  // namespace edge::demo
