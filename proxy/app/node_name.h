// What this node is called in the registry of the update feed.
#pragma once

#include <string>
#include <string_view>

namespace edge::app {

// "SITE/HOST/PORT-xxxxxxxx". The same for the process that comes after this one, so that it takes its place at once,
// and no other process's: its end is made of the boot of the machine, the network namespace and the admin address,
// which only one process of those can listen on.
std::string node_name(std::string_view site, std::string_view admin_address);

}  // namespace edge::app
