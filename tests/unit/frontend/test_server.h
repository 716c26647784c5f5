// A server on a loopback port in a thread of its own, whose handler the test writes, and clients that speak to it.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <functional>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "base/text.h"
#include "frontend/server.h"
#include "net/socket.h"
#include "support/catch.h"

namespace edge::frontend {

using namespace std::chrono_literals;

// What a client read: a response, or what came before the connection ended.
struct Answer {
  int status = 0;  // 0: no head came.
  std::string head;
  std::string body;
  bool is_whole = false;

  bool says(std::string_view line) const { return head.find("\r\n" + std::string(line) + "\r\n") != std::string::npos; }
};

class Client {
 public:
  explicit Client(const net::Address& server, int receive_buffer = 0) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    if (receive_buffer != 0) setsockopt(socket_.fd(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    // So that a test that waits for what never comes fails instead.
    const timeval patience{20, 0};
    setsockopt(socket_.fd(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(socket_.fd(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    REQUIRE(connect(socket_.fd(), server.raw(), server.raw_length()) == 0);
  }

  // False when the server has hung up.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(socket_.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  // Sends as much as the kernel takes at once; how much that was.
  std::size_t send_some(std::string_view bytes) {
    std::size_t sent = 0;
    while (sent < bytes.size()) {
      const ssize_t n = ::send(socket_.fd(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n <= 0) break;
      sent += static_cast<std::size_t>(n);
    }
    return sent;
  }
  void end_sending() { shutdown(socket_.fd(), SHUT_WR); }
  void hang_up() { socket_ = net::Socket(); }

  // One response. `has_body`: false for the answer to HEAD.
  Answer read(bool has_body = true) {
    Answer answer;
    std::size_t end;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos)
      if (!fill()) {
        answer.body = std::exchange(buffer_, {});
        return answer;
      }
    answer.head = buffer_.substr(0, end + 4);
    buffer_.erase(0, end + 4);
    answer.status = std::stoi(answer.head.substr(9, 3));
    answer.is_whole = !has_body || answer.status == 304 || answer.status == 204 || answer.status < 200 ||
                      (answer.says("transfer-encoding: chunked") ? read_chunks(answer.body) : read_length(answer));
    return answer;
  }
  // Everything up to the end of the connection.
  std::string read_to_end() {
    while (fill()) {
    }
    return std::exchange(buffer_, {});
  }
  // What has come by now, or comes next; nothing at the end of the connection.
  std::string read_some() {
    if (buffer_.empty()) fill();
    return std::exchange(buffer_, {});
  }
  bool is_at_end() { return read_to_end().empty(); }
  bool was_reset() const { return reset_; }

 private:
  bool fill() {
    char bytes[64 * 1024];
    const ssize_t n = recv(socket_.fd(), bytes, sizeof bytes, 0);
    if (n < 0) {
      REQUIRE(errno != EAGAIN);
      reset_ = true;
    }
    if (n <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(n));
    return true;
  }
  bool take(std::size_t size, std::string& into) {
    while (buffer_.size() < size)
      if (!fill()) return false;
    into += buffer_.substr(0, size);
    buffer_.erase(0, size);
    return true;
  }
  bool read_length(Answer& answer) {
    const std::size_t at = answer.head.find("\r\ncontent-length: ");
    if (at != std::string::npos) return take(std::stoul(answer.head.substr(at + 18)), answer.body);
    answer.body = read_to_end();
    return true;
  }
  bool read_chunks(std::string& body) {
    for (;;) {
      std::size_t end;
      while ((end = buffer_.find("\r\n")) == std::string::npos)
        if (!fill()) return false;
      const std::size_t size = std::stoul(buffer_.substr(0, end), nullptr, 16);
      buffer_.erase(0, end + 2);
      std::string rest;
      if (!take(size, body) || !take(2, rest) || rest != "\r\n") return false;
      if (size == 0) return true;
    }
  }

  net::Socket socket_;
  std::string buffer_;
  bool reset_ = false;
};

class TestServer final : public Handler {
 public:
  using Script = std::function<std::unique_ptr<ExchangeTask>(Exchange&)>;

  explicit TestServer(Script script, const ServerOptions& options = {})
      : script_(std::move(script)), server_(loop_, options, *this, metrics, log_) {
    auto socket = net::listen_on(*net::parse_address("127.0.0.1:0"), false);
    REQUIRE(socket);
    address_ = net::local_address(*socket);
    server_.add_listener(std::move(*socket));
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~TestServer() {
    on_loop([](Server& server) { server.close_all(); });
    loop_.stop();
    thread_.join();
  }

  Client connect(int receive_buffer = 0) const { return Client(address_, receive_buffer); }
  // Does something on the loop's thread and waits until it is done.
  void on_loop(std::function<void(Server&)> what) {
    std::promise<void> done;
    loop_.post([&] {
      what(server_);
      done.set_value();
    });
    done.get_future().wait();
  }
  std::uint64_t limit_count(metrics::Limit limit) {
    on_loop([](Server&) {});
    return metrics.limits[limit].value();
  }
  std::size_t connection_count() {
    std::size_t count = 0;
    on_loop([&](Server& server) { count = server.connection_count(); });
    return count;
  }
  void set_log_mode(AccessLogMode mode) { log_.set_mode(mode); }
  std::string log() {
    std::string text;
    on_loop([&](Server&) { text = lines_.text; });
    return text;
  }

  // Waits for it, because what is logged may be logged later.
  bool logs(std::string_view text) {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (log().find(text) == std::string::npos)
      if (std::chrono::steady_clock::now() > deadline) return false;
    return true;
  }

  metrics::WorkerMetrics metrics;

 private:
  struct Lines final : LineWriter {
    void write(std::string_view line) override { text.append(line).append("\n"); }
    void reopen() override {}
    std::string text;
  };

  std::unique_ptr<ExchangeTask> start(Exchange& exchange) override { return script_(exchange); }

  Script script_;
  SystemClock clock_;
  event::EventLoop loop_{clock_};
  Lines lines_;
  AccessLog log_{AccessLogMode::All, lines_};
  Server server_;
  net::Address address_;
  std::thread thread_;
};

}  // namespace edge::frontend
