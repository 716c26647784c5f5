#include "app/node_name.h"

#include "support/catch.h"

using namespace edge::app;

TEST_CASE("a node's name says site and port, and is the same for the process that comes after", "[app]") {
  const std::string name = node_name("sha-1", "127.0.0.1:9180");
  CHECK(name.find("sha-1/") == 0);
  CHECK(name.find("/9180-") != std::string::npos);
  CHECK(name == node_name("sha-1", "127.0.0.1:9180"));
}

TEST_CASE("a node whose admin port is a UNIX socket has the socket's name", "[app]") {
  CHECK(node_name("sha-1", "unix:/run/avatar-edge/admin.sock").find("/admin.sock-") != std::string::npos);
}

TEST_CASE("two nodes of a machine have two names", "[app]") {
  const std::string name = node_name("sha-1", "127.0.0.1:9180");
  CHECK(name != node_name("sha-1", "127.0.0.1:9181"));
  CHECK(name != node_name("sha-1", "127.0.0.2:9180"));
  CHECK(name != node_name("sha-2", "127.0.0.1:9180"));
}

TEST_CASE("a process that takes another's place has a name of its own beside it", "[app]") {
  const std::string name = node_name("sha-1", "127.0.0.1:9180");
  CHECK(node_name("sha-1", "127.0.0.1:9180", 0) == name);
  CHECK(node_name("sha-1", "127.0.0.1:9180", 2) == name + "+2");
}

TEST_CASE("a node's name is one word of the registry", "[app]") {
  const std::string name = node_name("a site\n", "[::1]:9180");
  CHECK(name.find_first_of(" \n\t") == std::string::npos);
  CHECK(name.find("a_site_/") == 0);
  CHECK(name.find("/9180-") != std::string::npos);
}
