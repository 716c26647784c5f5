#include "app/node_name.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <fstream>

#include "base/hash.h"

namespace edge::app {
namespace {

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "unknown";
  return name.data();
}

std::string boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

std::string network_namespace() {
  struct stat info {};
  return ::stat("/proc/self/ns/net", &info) == 0 ? std::to_string(info.st_ino) : "";
}

}  // namespace

std::string node_name(std::string_view site, std::string_view admin_address, std::uint32_t generation) {
  const std::string place = boot_id() + " " + network_namespace() + " " + std::string(admin_address);
  std::array<char, 17> digits{};
  std::snprintf(digits.data(), digits.size(), "%016llx", static_cast<unsigned long long>(stable_hash(place)));
  std::string name(site);
  name.append("/").append(host_name()).append("/");
  // The port, or the name of the UNIX socket.
  name.append(admin_address.substr(admin_address.find_last_of(":/") + 1)).append("-").append(digits.data(), 8);
  if (generation > 0) name.append("+").append(std::to_string(generation));
  // The registry's words are parted by spaces.
  for (char& c : name)
    if (c <= ' ' || c >= 0x7f) c = '_';
  return name;
}

}  // namespace edge::app
