// What `avatar-edge demo` tells the person who started it.
#pragma once

#include <string>

namespace edge::demo {

// host:port each.
struct DemoAddresses {
  std::string edge;
  std::string origin;
  std::string admin;
  std::string redis_socket{};  // A path; empty where there is no update feed.
};

// A page to look at and commands to copy, each with a line that says what it shows. Ends with a newline.
std::string what_to_try(const DemoAddresses& addresses);

}  // namespace edge::demo
