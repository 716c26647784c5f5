// What the TLS streams of one worker use by turns: bytes between socket and OpenSSL, which thus never touches a socket
// and needs no buffers of its own for it.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/handle.h"
#include "event/event_loop.h"

// OpenSSL's own; its headers stay out of this one.
struct bio_st;

namespace edge::net {

constexpr std::size_t kTlsRecordBytesMax = 16 * 1024;  // Of plaintext (RFC 8446 section 5.1).

// Owned by a server, outlives its streams. Takes memory when the first of them comes. Loop's thread only.
class TlsBuffers {
 public:
  explicit TlsBuffers(event::EventLoop& loop) : loop_(loop) {}
  TlsBuffers(const TlsBuffers&) = delete;
  TlsBuffers& operator=(const TlsBuffers&) = delete;

 private:
  friend class TlsStream;
  class Bio;  // How OpenSSL gets at `received_` and `records_`.

  // One for each stream, because OpenSSL puts others before it for a while.
  bio_st* make_bio();

  event::EventLoop& loop_;
  std::vector<char> room_;          // What one call takes from the socket.
  std::span<const char> received_;  // Of that, what OpenSSL has not taken yet.
  Bytes records_;                   // What OpenSSL has made for the socket.
  std::vector<char> staging_;       // Small pieces on their way into one record.
};

}  // namespace edge::net
