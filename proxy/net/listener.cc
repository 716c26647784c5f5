#include "net/listener.h"

#include <sys/socket.h>

#include <cerrno>

#include "base/log.h"

namespace edge::net {
namespace {

// A burst of new connections must not keep the others waiting: the rest come in the next turn.
constexpr int kAcceptsPerTurn = 16;
constexpr std::chrono::milliseconds kRest{100};

}  // namespace

Listener::Listener(event::EventLoop& loop, Socket socket, OnAccept on_accept)
    : socket_(std::move(socket)),
      on_accept_(std::move(on_accept)),
      watch_(loop, socket_.fd(), event::Watch::Readable, [this] { accept_some(); }),
      rest_(loop, [this] { watch_.arm(); }) {
  watch_.arm();
}

void Listener::set_accepting(bool is_accepting) {
  rest_.disarm();
  is_accepting ? watch_.arm() : watch_.disarm();
}

void Listener::accept_some() {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    Socket accepted(
        accept4(socket_.fd(), reinterpret_cast<sockaddr*>(&storage), &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (accepted.is_open()) {
      on_accept_(std::move(accepted), Address(storage, length));
      continue;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      log_error("net.accept", "cannot accept: out of file descriptors or memory; raise the limit (ulimit -n)");
      watch_.disarm();
      rest_.arm(kRest);
    }
    // Nobody left, or one who gave up while waiting (ECONNABORTED): nothing to do but return.
    if (errno != ECONNABORTED && errno != EINTR) return;
  }
}

}  // namespace edge::net
