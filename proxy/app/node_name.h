// What this node is called in the registry of the update feed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace edge::app {

// "SITE/HOST/PORT-xxxxxxxx". The same for the process that comes after this one, so that it takes its place at once,
// and no other process's: its end is made of the boot of the machine, the network namespace and the admin address,
// which only one process of those can listen on. In an upgrade there are two for a while, each to be waited for: the
// `generation` of a process that took another's place makes "SITE/HOST/PORT-xxxxxxxx+1".
std::string node_name(std::string_view site, std::string_view admin_address, std::uint32_t generation = 0);

}  // namespace edge::app
