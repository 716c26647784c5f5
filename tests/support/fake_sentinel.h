// A sentinel that says what a test wants, on a thread and a port of its own. Real ones agree too soon to be caught
// disagreeing.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/check.h"
#include "base/mutex.h"
#include "base/text.h"
#include "redis/redis_url.h"

namespace edge::test {

class FakeSentinel {
 public:
  FakeSentinel() {
    ::signal(SIGPIPE, SIG_IGN);
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const plain = reinterpret_cast<sockaddr*>(&address);
    EDGE_CHECK(::bind(listener_, plain, size) == 0 && ::listen(listener_, 64) == 0);
    EDGE_CHECK(::getsockname(listener_, plain, &size) == 0);
    port_ = ntohs(address.sin_port);
    EDGE_CHECK(::pipe(wake_) == 0);
    thread_ = std::thread([this] { serve(); });
  }
  ~FakeSentinel() { stop(); }
  FakeSentinel(const FakeSentinel&) = delete;
  FakeSentinel& operator=(const FakeSentinel&) = delete;

  redis::RedisUrl url() const {
    redis::RedisUrl url;
    url.host = "127.0.0.1";
    url.port = port_;
    return url;
  }
  std::string place() const { return url().place(); }

  // From now on.
  void name(std::uint16_t port, std::uint64_t epoch = 0) {
    MutexLock lock(mutex_);
    address_ = "*2\r\n$9\r\n127.0.0.1\r\n" + bulk(std::to_string(port));
    primary_ = "*4\r\n" + bulk("name") + bulk("faces") + bulk("config-epoch") + bulk(std::to_string(epoch));
  }
  void name_nobody() {
    MutexLock lock(mutex_);
    address_ = "*-1\r\n";
    primary_ = "-ERR No such master with that name\r\n";
  }
  void hide_epoch() {
    MutexLock lock(mutex_);
    primary_ = "-NOPERM this user has no permissions\r\n";
  }
  void require_password(std::string password) {
    MutexLock lock(mutex_);
    password_ = std::move(password);
  }
  // Takes connections and answers nothing.
  void be_silent() {
    MutexLock lock(mutex_);
    is_silent_ = true;
  }
  // Ends, as a sentinel that was killed does.
  void stop() {
    if (!thread_.joinable()) return;
    ::close(wake_[1]);
    thread_.join();
    ::close(wake_[0]);
  }
  // Closes the connections that it has, soon.
  void drop_clients() { EDGE_CHECK(::write(wake_[1], "", 1) == 1); }
  // How many connections it has taken.
  std::size_t connections() const {
    MutexLock lock(mutex_);
    return connections_;
  }
  // How often it was asked for an address.
  std::size_t asked() const {
    MutexLock lock(mutex_);
    return asked_;
  }

 private:
  static std::string bulk(const std::string& text) {
    return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
  }

  void serve() {
    std::map<int, std::string> clients;  // Descriptor, and what has come and is no whole command yet.
    for (;;) {
      std::vector<pollfd> all{{wake_[0], POLLIN, 0}, {listener_, POLLIN, 0}};
      for (const auto& [fd, text] : clients) all.push_back({fd, POLLIN, 0});
      ::poll(all.data(), all.size(), -1);
      if (all[0].revents != 0) {
        char byte = 0;
        if (::read(wake_[0], &byte, 1) != 1) break;
        for (const auto& [fd, text] : clients) ::close(fd);
        clients.clear();
        continue;
      }
      if (all[1].revents != 0) take(clients);
      for (std::size_t i = 2; i < all.size(); ++i)
        if (all[i].revents != 0 && !hear(all[i].fd, clients[all[i].fd])) {
          ::close(all[i].fd);
          clients.erase(all[i].fd);
        }
    }
    for (const auto& [fd, text] : clients) ::close(fd);
    ::close(listener_);
  }
  void take(std::map<int, std::string>& clients) {
    clients.emplace(::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC), "");
    MutexLock lock(mutex_);
    ++connections_;
  }
  bool hear(int fd, std::string& text) {
    char bytes[4096];
    const auto count = ::read(fd, bytes, sizeof bytes);
    if (count <= 0) return false;
    text.append(bytes, static_cast<std::size_t>(count));
    while (const auto words = try_take(text)) {
      const std::string answer = answer_to(*words);
      if (!answer.empty() && ::write(fd, answer.data(), answer.size()) < 0) return false;
    }
    return true;
  }
  // The words of the first command, which is taken away.
  static std::optional<std::vector<std::string>> try_take(std::string& text) {
    std::size_t at = 0;
    const auto number = [&](char kind) -> std::optional<std::size_t> {
      const std::size_t end = text.find("\r\n", at);
      if (end == std::string::npos) return std::nullopt;
      EDGE_CHECK(text[at] == kind);
      const auto value = try_unsigned(std::string_view(text).substr(at + 1, end - at - 1));
      at = end + 2;
      return value;
    };
    const auto count = number('*');
    if (!count) return std::nullopt;
    std::vector<std::string> words;
    while (words.size() < *count) {
      const auto size = number('$');
      if (!size || text.size() < at + *size + 2) return std::nullopt;
      words.push_back(text.substr(at, *size));
      at += *size + 2;
    }
    text.erase(0, at);
    return words;
  }
  std::string answer_to(const std::vector<std::string>& words) {
    MutexLock lock(mutex_);
    if (is_silent_) return {};
    if (words[0] == "AUTH") return words.back() == password_ ? "+OK\r\n" : "-WRONGPASS invalid\r\n";
    if (words[0] == "PING") return "+PONG\r\n";
    if (words[0] != "SENTINEL" || words.size() != 3 || words[2] != "faces") return "-ERR unknown\r\n";
    if (words[1] == "MASTER") return primary_;
    ++asked_;
    return address_;
  }

  int listener_ = -1;
  int wake_[2] = {-1, -1};
  std::uint16_t port_ = 0;
  mutable Mutex mutex_;
  std::string address_ EDGE_GUARDED_BY(mutex_) = "*-1\r\n";
  std::string primary_ EDGE_GUARDED_BY(mutex_) = "-ERR No such master with that name\r\n";
  std::string password_ EDGE_GUARDED_BY(mutex_);
  bool is_silent_ EDGE_GUARDED_BY(mutex_) = false;
  std::size_t asked_ EDGE_GUARDED_BY(mutex_) = 0;
  std::size_t connections_ EDGE_GUARDED_BY(mutex_) = 0;
  std::thread thread_;
};

// A URL that names them.
template <class... Sentinels>
redis::RedisUrl url_of(const Sentinels&... sentinels) {
  redis::RedisUrl url;
  url.sentinels = {sentinels.url()...};
  url.primary_name = "faces";
  return url;
}

}  // namespace edge::test
