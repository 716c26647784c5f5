// A real Redis for a test: on a UNIX socket in a folder of its own, and where it is asked for on a port of 127.0.0.1.
// It keeps nothing by itself; after SAVE the next start finds what was saved.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <thread>

#include "base/check.h"
#include "redis/redis_url.h"
#include "support/temporary_folder.h"

namespace edge::test {

class RedisServer {
 public:
  enum class On { SocketAlone, APortToo };
  explicit RedisServer(On on = On::SocketAlone) {
    ::signal(SIGPIPE, SIG_IGN);  // As the program does.
    if (on == On::SocketAlone) {
      start();
      return;
    }
    // Another program may be faster and take the port.
    for (int tries = 0; port_ == 0 || !try_start(); ++tries) {
      EDGE_CHECK(tries < 20);
      port_ = free_port();
    }
  }
  ~RedisServer() { stop(); }
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  redis::RedisUrl url() const {
    redis::RedisUrl url;
    url.unix_path = socket();
    return url;
  }
  // 0 where it has none.
  std::uint16_t port() const { return port_; }
  void start() { EDGE_CHECK(try_start()); }
  void stop() {
    if (pid_ == 0) return;
    ::kill(pid_, SIGKILL);  // Also one that is paused, which does nothing more of what it was sent.
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  // Another life of the server: with what SAVE has kept, or with nothing.
  void restart_with_data() {
    stop();
    start();
  }
  void restart_without_data() {
    stop();
    std::filesystem::remove(folder_.file("dump.rdb"));
    start();
  }
  // Returns when it stands still.
  void pause() {
    ::kill(pid_, SIGSTOP);
    ::waitpid(pid_, nullptr, WUNTRACED);
  }
  void resume() { ::kill(pid_, SIGCONT); }

 private:
  // False when it has ended at once.
  bool try_start() {
    const std::string path = socket(), port = std::to_string(port_), dir = folder_.file("");
    ::unlink(path.c_str());
    const char* const words[] = {"redis-server", "--bind",    "127.0.0.1", "--port",      port.c_str(), "--unixsocket",
                                 path.c_str(),   "--save",    "",          "--daemonize", "no",         "--dir",
                                 dir.c_str(),    "--logfile", "log",       nullptr};
    pid_ = ::fork();
    EDGE_CHECK(pid_ >= 0);
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // It does not outlive a test that dies.
      ::execvp(words[0], const_cast<char**>(words));
      ::_exit(127);
    }
    while (!listens(path)) {
      if (::waitpid(pid_, nullptr, WNOHANG) != 0) return false;
      std::this_thread::yield();
    }
    return true;
  }
  static std::uint16_t free_port() {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const plain = reinterpret_cast<sockaddr*>(&address);
    EDGE_CHECK(::bind(fd, plain, size) == 0 && ::getsockname(fd, plain, &size) == 0);
    ::close(fd);
    return ntohs(address.sin_port);
  }
  std::string socket() const { return folder_.file("s"); }
  // The socket is there a moment before it listens.
  static bool listens(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    EDGE_CHECK(path.size() < sizeof address.sun_path);
    path.copy(address.sun_path, path.size());
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    const bool is_there = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(fd);
    return is_there;
  }

  TemporaryFolder folder_;
  pid_t pid_ = 0;
  std::uint16_t port_ = 0;
};

}  // namespace edge::test
