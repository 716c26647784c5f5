// A connection in the clear to an origin, for one transfer after another.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "event/watch.h"
#include "origin/balancer.h"

namespace edge::origin {

class Http1Connection;

// Whoever has it: a transfer, or, between two of them, the carrier.
class Http1ConnectionUser {
 public:
  // There is something to read, be it the end. May give the connection away.
  virtual void on_readable(Http1Connection& connection) = 0;
  // There is room for what send() has not taken.
  virtual void on_writable(Http1Connection& connection) = 0;

 protected:
  ~Http1ConnectionUser() = default;
};

// Loop's thread only. Its watches may be running when it goes: hand it to EventLoop::destroy_later then.
class Http1Connection {
 public:
  enum class Io { Ok, WouldBlock, EndOfFile, Broken };
  struct Received {
    Io state;
    std::size_t bytes = 0;  // More than 0 only with Ok.
  };

  struct Made {
    Instant at;
    std::uint32_t as_of;  // Http1Carrier::places() when it was begun.
  };

  // `fd` is an established, non-blocking stream socket, and its own from now on.
  Http1Connection(event::EventLoop& loop, int fd, OriginUrlRef url, const Made& made);
  Http1Connection(const Http1Connection&) = delete;
  Http1Connection& operator=(const Http1Connection&) = delete;

  // Hears of what comes from now on.
  void set_user(Http1ConnectionUser& user) { user_ = &user; }
  Received receive(std::span<char> into);
  // How many bytes were taken. Where it is fewer than all, on_writable comes; or the connection has failed, which
  // receive() tells after what the other side has said before.
  std::size_t send(std::string_view bytes);
  // Whether nothing has come, not even its end.
  bool is_quiet() const;
  void stop_reading() { reader_.disarm(); }
  void go_on_reading() { reader_.arm(); }
  void stop();

  const OriginUrlRef& url() const { return url_; }
  const Made& made() const { return made_; }
  // When its last transfer ended; nothing before the first has.
  std::optional<Instant> used_until() const { return used_until_; }
  void note_used(Instant until) { used_until_ = until; }
  // Why it is Broken.
  std::string problem() const;

 private:
  struct Descriptor {
    int fd;
    ~Descriptor();
  };

  OriginUrlRef url_;
  Made made_;
  std::optional<Instant> used_until_;
  Http1ConnectionUser* user_ = nullptr;
  int error_ = 0;
  const Descriptor descriptor_;  // Closed when its watches have gone.
  event::EventLoop& loop_;
  event::Watch reader_;
  std::unique_ptr<event::Watch> writer_;  // Null until a send does not go through.
};

}  // namespace edge::origin
