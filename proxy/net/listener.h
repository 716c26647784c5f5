// Accepts connections, some at a time.
#pragma once

#include "base/unique_function.h"
#include "event/timer.h"
#include "event/watch.h"
#include "net/socket.h"

namespace edge::net {

// Owned by a server. Loop's thread only.
class Listener {
 public:
  using OnAccept = UniqueFunction<void(Socket socket, const Address& peer)>;

  // `on_accept` must not destroy the listener.
  Listener(event::EventLoop& loop, Socket socket, OnAccept on_accept);

  // While it does not accept, who connects waits in the kernel's queue; where that is full, the client's kernel tries
  // again. It accepts at first.
  void set_accepting(bool is_accepting);

 private:
  void accept_some();

  Socket socket_;
  OnAccept on_accept_;
  event::Watch watch_;
  event::Timer rest_;  // Out of descriptors: pauses rather than spins.
};

}  // namespace edge::net
