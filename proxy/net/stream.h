// The bytes of one connection, as they are or through TLS. Whoever uses it need not know which.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "net/alpn.h"
#include "net/socket.h"
#include "net/tls_stream.h"

namespace edge::net {

// Owned by a connection. Loop's thread only.
class Stream {
 public:
  // In the clear.
  explicit Stream(Socket socket) : socket_(std::move(socket)) {}
  // The server's side of TLS; without a context in the clear. `buffers` must outlive it.
  Stream(Socket socket, const std::shared_ptr<const TlsContext>& tls, TlsBuffers& buffers)
      : socket_(std::move(socket)), tls_(tls ? std::make_unique<TlsStream>(socket_, tls, buffers) : nullptr) {}

  int fd() const noexcept { return socket_.fd(); }

  // The socket's own bytes, before anything of TLS: a PROXY header comes first.
  const Socket& socket() const noexcept { return socket_; }

  // As net::read_some. A TLS handshake goes on in here and sends what it has to; until it is over the result is
  // WouldBlock, so is_established() is to be asked after each call. With TLS `into` must hold at least kReadBytesMin,
  // so that nothing that was received stays behind unseen. Broken is also what is no TLS, or has been tampered with.
  IoResult read_some(std::span<char> into) { return tls_ ? tls_->read_some(into) : net::read_some(socket_, into); }
  static constexpr std::size_t kReadBytesMin = TlsStream::kReadBytesMax;
  // The other side has said that nothing more comes, behind the bytes that read_some gave last. From now on that says
  // EndOfFile, though the socket may never become readable again. In the clear it always does.
  bool has_ended() const noexcept { return tls_ && tls_->has_ended(); }

  // As net::write_some; only when established. What TLS has taken may be still on its way: see has_unsent(). It takes
  // a limited number of bytes a call, and none while something is on its way: then it says Ok and 0 where some of
  // that has gone, else WouldBlock.
  IoResult write_some(std::span<const iovec> pieces) {
    return tls_ ? tls_->write_some(pieces) : net::write_some(socket_, pieces);
  }
  // What the next write_some takes at most of a long queue, in bytes: with TLS more where the socket keeps taking all.
  // In the clear there is no limit, and this is what a write is worth.
  std::size_t write_bytes_max() const noexcept { return tls_ ? tls_->write_bytes_max() : TlsStream::kWriteBytesMax; }
  // Bytes that were taken, or are the handshake's, wait for the socket to take them: call write_some, with no pieces if
  // there are none, when it is writable.
  bool has_unsent() const noexcept { return tls_ && tls_->has_unsent(); }

  // True once bytes can be exchanged; in the clear from the beginning.
  bool is_established() const noexcept { return !tls_ || tls_->is_established(); }
  // Valid once established.
  Alpn alpn() const noexcept { return tls_ ? tls_->alpn() : Alpn::None; }
  // Whose certificate the other side has shown, as RFC 2253 writes it: "CN=ann,O=Example"; empty where it has not.
  // Valid once established.
  std::string peer_subject() const { return tls_ ? tls_->peer_subject() : std::string(); }
  // How the handshake has ended, told once. Whoever gives up on one that goes on has to count that itself; a client
  // that leaves before its first byte has not tried.
  std::optional<HandshakeEnd> take_handshake_end() noexcept { return tls_ ? tls_->take_handshake_end() : std::nullopt; }

  // Tells the other side that nothing more will come, when what is unsent has gone; reading goes on.
  void shutdown_writes() { tls_ ? tls_->shutdown_writes() : net::shutdown_writes(socket_); }

 private:
  const Socket socket_;
  const std::unique_ptr<TlsStream> tls_;  // Null: in the clear.
};

}  // namespace edge::net
