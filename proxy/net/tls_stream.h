// The server's side of TLS on one connection.
//
// Each call moves what there is between socket and OpenSSL in one system call: reading takes up to 48 KiB and decrypts
// all of it, so nothing that was received waits unseen but the beginning of a record; writing encrypts as many records
// as it takes bytes for and sends them together.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "net/alpn.h"
#include "net/socket.h"
#include "net/tls_buffers.h"
#include "net/tls_context.h"

namespace edge::net {

enum class HandshakeEnd { Full, Resumed, Failed };

// Owned by a Stream, whose comments say what it does. Loop's thread only.
class TlsStream {
 public:
  // `socket` and `buffers` must outlive it.
  TlsStream(const Socket& socket, std::shared_ptr<const TlsContext> context, TlsBuffers& buffers);

  IoResult read_some(std::span<char> into);
  IoResult write_some(std::span<const iovec> pieces);
  std::size_t write_bytes_max() const noexcept;
  bool has_unsent() const noexcept { return !unsent_.empty(); }
  bool has_ended() const noexcept { return has_ended_; }
  bool is_established() const noexcept { return is_established_; }
  Alpn alpn() const noexcept { return alpn_; }
  std::string peer_subject() const;
  std::optional<HandshakeEnd> take_handshake_end() noexcept { return std::exchange(handshake_end_, std::nullopt); }
  void shutdown_writes();

  // Plaintext that one read_some brings at most: what it receives, and a record that had been received but for its end.
  static constexpr std::size_t kReadBytesMax = 64 * 1024;
  // Plaintext that one write_some takes at most.
  static constexpr std::size_t kWriteBytesMax = 128 * 1024;

 private:
  class Pieces;

  // Between buffers and OpenSSL.
  bool shake_hands();
  IoResult decrypt(std::span<char> into);
  IoResult encrypt(Pieces& pieces);
  std::size_t record_bytes(std::size_t wanted) const;

  // Between buffers and socket.
  IoResult send_records();
  IoResult send_unsent();
  IoResult fail();

  const Socket& socket_;
  TlsBuffers& buffers_;
  const std::shared_ptr<const TlsContext> context_;
  const SslHandle ssl_;

  Bytes unsent_;  // Records that the socket has not taken; empty as a rule.
  std::size_t unsent_begin_ = 0;
  std::size_t bytes_since_full_ = 0;  // Taken by the socket since it last did not take all, or from the beginning.
  bool has_failed_ = false;
  bool has_ended_ = false;         // The other side has said close_notify.
  bool has_ended_writes_ = false;  // We have.

  bool is_established_ = false;
  bool has_heard_ = false;
  Alpn alpn_ = Alpn::None;
  std::optional<HandshakeEnd> handshake_end_;

  Instant wrote_at_{};
  std::size_t bytes_since_idle_ = 0;
};

}  // namespace edge::net
