// A real server on a loopback socket whose every byte is the test's.
#pragma once

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace edge::test {

// Something that one thread waits for, ten seconds at most, and another brings about.
class Event {
 public:
  void happen() {
    if (!has_happened_.exchange(true)) promise_.set_value();
  }
  void wait() const { future_.wait_for(std::chrono::seconds{10}); }

 private:
  std::atomic<bool> has_happened_{false};
  std::promise<void> promise_;
  std::shared_future<void> future_{promise_.get_future()};
};

// Binds a socket to 127.0.0.1 and a port that the kernel chooses.
inline sockaddr_in bind_to_loopback(int fd) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  void* const any = &address;
  bind(fd, static_cast<sockaddr*>(any), length);
  getsockname(fd, static_cast<sockaddr*>(any), &length);
  return address;
}

inline std::string authority_of(const sockaddr_in& address) {
  return "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
}
inline std::string loopback_url(const sockaddr_in& address) { return "http://" + authority_of(address); }

// One accepted connection, used by the script that runs on its thread. A read gives up after ten seconds.
class Peer {
 public:
  explicit Peer(int fd) : fd_(fd) {
    const timeval patience{.tv_sec = 10, .tv_usec = 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }

  // Up to and including the empty line; empty when the client has gone.
  std::string read_head() { return read_through("\r\n\r\n"); }
  std::string read_through(std::string_view end) {
    for (;;) {
      if (const auto at = buffer_.find(end); at != std::string::npos) return take(at + end.size());
      if (!fill()) return {};
    }
  }
  std::string read_bytes(std::size_t bytes) {
    while (buffer_.size() < bytes && fill()) {
    }
    return take(std::min(bytes, buffer_.size()));
  }
  // False when it gave up.
  bool wait_for_close() {
    while (fill()) buffer_.clear();
    return has_client_gone_;
  }
  // False when the client has gone.
  bool write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  // Whether the client's side is full: nothing could be written for so long.
  bool is_full(std::chrono::milliseconds patience) {
    pollfd ready{.fd = fd_, .events = POLLOUT, .revents = 0};
    return poll(&ready, 1, static_cast<int>(patience.count())) == 0;
  }
  void end_writing() { shutdown(fd_, SHUT_WR); }
  // What is sent next is answered with a reset.
  void reset() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }

 private:
  bool fill() {
    char bytes[65536];
    const ssize_t n = ::recv(fd_, bytes, sizeof bytes, 0);
    has_client_gone_ = n == 0 || (n < 0 && errno == ECONNRESET);
    if (n <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(n));
    return true;
  }
  std::string take(std::size_t bytes) {
    std::string taken = buffer_.substr(0, bytes);
    buffer_.erase(0, bytes);
    return taken;
  }

  int fd_;
  bool has_client_gone_ = false;
  std::string buffer_;
};

// Runs `script` for each connection, each on a thread of its own; the connection is closed when the script returns.
class RawOrigin {
 public:
  using Script = std::function<void(Peer& peer, int connection)>;  // Connections count from 1.

  explicit RawOrigin(Script script) : script_(std::move(script)), listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    address_ = bind_to_loopback(listener_);
    listen(listener_, 1024);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~RawOrigin() {
    stop();
    close(listener_);
  }

  // Ends every connection; what the scripts wrote down may be read then.
  void stop() {
    if (!acceptor_.joinable()) return;
    shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    {
      std::lock_guard lock(mutex_);
      for (const int fd : open_) shutdown(fd, SHUT_RDWR);
    }
    for (auto& thread : threads_) thread.join();
  }

  // Refuses further connections; those that stand go on.
  void listen_no_more() { shutdown(listener_, SHUT_RDWR); }

  int port() const { return ntohs(address_.sin_port); }
  std::string authority() const { return authority_of(address_); }
  std::string url() const { return loopback_url(address_); }
  int connections() const { return connections_; }

 private:
  void accept_all() {
    for (;;) {
      const int fd = accept(listener_, nullptr, nullptr);
      if (fd < 0) return;
      const int connection = ++connections_;
      std::lock_guard lock(mutex_);
      open_.push_back(fd);
      threads_.emplace_back([this, fd, connection] { serve(fd, connection); });
    }
  }
  void serve(int fd, int connection) {
    Peer peer(fd);
    script_(peer, connection);
    std::lock_guard lock(mutex_);
    std::erase(open_, fd);
    close(fd);
  }

  Script script_;
  int listener_;
  sockaddr_in address_{};
  std::atomic<int> connections_{0};
  std::mutex mutex_;
  std::vector<int> open_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

// A listener whose queue is full answers nothing: connections to it hang.
class FullListener {
 public:
  FullListener() : listener_(socket(AF_INET, SOCK_STREAM, 0)), address_(bind_to_loopback(listener_)) {
    listen(listener_, 0);
    const void* const any = &address_;
    for (int& filler : fillers_) {
      filler = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
      connect(filler, static_cast<const sockaddr*>(any), sizeof address_);
    }
  }
  ~FullListener() {
    for (const int filler : fillers_) close(filler);
    close(listener_);
  }
  FullListener(const FullListener&) = delete;
  FullListener& operator=(const FullListener&) = delete;

  std::string url() const { return loopback_url(address_); }

 private:
  int listener_;
  sockaddr_in address_;
  std::array<int, 3> fillers_{};
};

// A URL of 127.0.0.1 where nobody listens.
inline std::string closed_url() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  const sockaddr_in address = bind_to_loopback(fd);
  close(fd);
  return loopback_url(address);
}

// A script that answers each request of a connection with the same bytes.
inline RawOrigin::Script answers(std::string response) {
  return [response = std::move(response)](Peer& peer, int) {
    while (!peer.read_head().empty()) peer.write(response);
  };
}

// A script that answers the first request of a connection and closes it.
inline RawOrigin::Script answers_once(std::string response) {
  return [response = std::move(response)](Peer& peer, int) {
    if (!peer.read_head().empty()) peer.write(response);
  };
}

inline std::string ok(std::string_view body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

}  // namespace edge::test
