// A client and the server's stream on two ends of a socket pair, for tests.
#pragma once

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "event/event_loop.h"
#include "net/stream.h"
#include "support/tls_client.h"

namespace edge::test {

// What several connections of a worker share.
struct TlsWorker {
  FakeClock clock;
  event::EventLoop loop{clock};
  net::TlsBuffers buffers{loop};

  // The loop reads its clock once a turn.
  void pass(std::chrono::nanoseconds time) {
    clock.advance(time);
    loop.post([this] { loop.stop(); });
    loop.run();
  }
};

class TlsPair {
 public:
  TlsPair(TlsWorker& worker, const std::shared_ptr<const net::TlsContext>& context,
          const TlsClientOptions& options = {})
      : TlsPair(worker, context, options, sockets()) {}

  // Until both have nothing more to say, or the server's stream is broken.
  void shake_hands() {
    for (int turn = 0; turn < 10 && last_.state != net::IoResult::Broken; ++turn) {
      client.shake_hands();
      send(client.take());
      read();
      client.give(receive());
    }
    client.read();  // Tickets.
  }

  void send(std::string_view bytes) const {
    if (!bytes.empty())
      EDGE_CHECK(::send(far_.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL) == ssize_t(bytes.size()));
  }
  // What the server has sent, as it is on the wire.
  std::string receive(std::size_t bytes_max = 1 << 30) const {
    std::string all;
    std::array<char, 65536> part;
    for (ssize_t n = 0; (n = recv(far_.fd(), part.data(), std::min(part.size(), bytes_max - all.size()), 0)) > 0;)
      all.append(part.data(), static_cast<std::size_t>(n));
    return all;
  }
  // Whether the server will send nothing more, not even TLS.
  bool is_hung_up() const {
    char byte = 0;
    return recv(far_.fd(), &byte, 1, MSG_PEEK) == 0;
  }
  // The server reads.
  net::IoResult read() {
    last_ = server.read_some(into_);
    received_.append(into_.data(), last_.bytes);
    return last_;
  }
  net::IoResult write(std::initializer_list<std::string_view> texts) {
    std::vector<iovec> pieces;
    for (const std::string_view text : texts) pieces.push_back({const_cast<char*>(text.data()), text.size()});
    return server.write_some(pieces);
  }
  void client_says(std::string_view plain) {
    client.write(plain);
    send(client.take());
  }
  std::string client_hears(std::size_t bytes_max = 1 << 30) {
    client.give(receive(bytes_max));
    return client.read();
  }
  void client_leaves() { far_ = net::Socket(); }
  const std::string& received() const { return received_; }

 private:
  static std::array<int, 2> sockets() {
    std::array<int, 2> fds{};
    EDGE_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds.data()) == 0);
    return fds;
  }
  TlsPair(TlsWorker& worker, const std::shared_ptr<const net::TlsContext>& context, const TlsClientOptions& options,
          std::array<int, 2> fds)
      : server(net::Socket(fds[0]), context, worker.buffers), client(options), far_(fds[1]) {}

 public:
  net::Stream server;
  TlsClient client;

 private:
  net::Socket far_;
  net::IoResult last_;
  std::string received_;
  std::vector<char> into_ = std::vector<char>(net::Stream::kReadBytesMin);
};

}  // namespace edge::test
