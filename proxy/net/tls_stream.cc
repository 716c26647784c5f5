#include "net/tls_stream.h"

#include <algorithm>
#include <cstring>

#include "base/log.h"
#include "net/tls_library.h"

namespace edge::net {
namespace {

// Plaintext of one write_some. What the socket does not take is held for the client, so one that takes nothing holds as
// much memory, and little more. Larger writes, which are cheaper by the byte, are for whom the socket has taken so much
// without once being full: most of those who do not read are found out before.
constexpr std::size_t kSlowWriteBytes = 64 * 1024;
constexpr std::size_t kFastAfter = 512 * 1024;
// What may wait for the socket. A client that keeps asking for answers within TLS and takes none is cut off here.
constexpr std::size_t kUnsentBytesMax = 256 * 1024;

// A record can be read only when all of it is there. While the network is still finding out how much it bears, a full
// one comes in over two round trips, and what is at its beginning waits for its end. So at the start, and after a pause
// that makes the kernel start anew, the first bytes of a long write go in records of one segment each. A short write
// fits into the first window anyway and gains nothing; it is one record, as everything is later.
constexpr std::size_t kSmallRecordBytes = 1'300;  // Fits a segment over IPv6, PPPoE and with TCP's timestamps.
constexpr std::size_t kSmallUntil = 8 * kSmallRecordBytes;
constexpr std::size_t kShortWriteBytes = 8 * 1024;
constexpr std::chrono::seconds kIdle{1};

}  // namespace

// What is to be written, taken from the front.
class TlsStream::Pieces {
 public:
  explicit Pieces(std::span<const iovec> pieces) : pieces_(pieces) {
    for (const iovec& piece : pieces_) left_ += piece.iov_len;
  }

  std::size_t left() const { return left_; }

  // The next `size` bytes, at most left(): where they are, if they lie together, else gathered in `staging`.
  std::string_view take(std::size_t size, std::span<char> staging) {
    left_ -= size;
    if (std::string_view whole = front(); whole.size() >= size) {
      offset_ += size;
      return whole.substr(0, size);
    }
    for (std::size_t gathered = 0; gathered < size;) {
      const std::string_view part = front().substr(0, size - gathered);
      std::copy(part.begin(), part.end(), staging.begin() + static_cast<std::ptrdiff_t>(gathered));
      gathered += part.size();
      offset_ += part.size();
    }
    return {staging.data(), size};
  }

 private:
  // What is left of the first piece of which anything is.
  std::string_view front() {
    while (offset_ == pieces_.front().iov_len) {
      pieces_ = pieces_.subspan(1);
      offset_ = 0;
    }
    return {static_cast<const char*>(pieces_.front().iov_base) + offset_, pieces_.front().iov_len - offset_};
  }

  std::span<const iovec> pieces_;
  std::size_t offset_ = 0;
  std::size_t left_ = 0;
};

TlsStream::TlsStream(const Socket& socket, std::shared_ptr<const TlsContext> context, TlsBuffers& buffers)
    : socket_(socket), buffers_(buffers), context_(std::move(context)), ssl_(context_->make_ssl()) {
  BIO* const bio = buffers_.make_bio();
  SSL_set_bio(ssl_.get(), bio, bio);
}

IoResult TlsStream::read_some(std::span<char> into) {
  EDGE_CHECK(into.size() >= kReadBytesMax);
  if (has_failed_) return {IoResult::Broken, 0};
  if (has_ended_) return {IoResult::EndOfFile, 0};
  const IoResult received = net::read_some(socket_, buffers_.room_);
  if (received.state != IoResult::Ok) {
    const bool is_over = received.state != IoResult::WouldBlock;
    // Whoever leaves without a word has not tried: a balancer that looks whether the port is open.
    if (is_over && has_heard_ && !is_established_) handshake_end_ = HandshakeEnd::Failed;
    return received;
  }
  has_heard_ = true;
  ERR_clear_error();
  buffers_.received_ = std::span(buffers_.room_).first(received.bytes);
  const IoResult result = is_established_ || shake_hands() ? decrypt(into) : IoResult{IoResult::WouldBlock, 0};
  buffers_.received_ = {};
  const IoResult sent = send_records();
  return has_failed_ || sent.state == IoResult::Broken ? fail() : result;
}

// True when it is over and has succeeded.
bool TlsStream::shake_hands() {
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) {
    is_established_ = true;
    handshake_end_ = SSL_session_reused(ssl_.get()) ? HandshakeEnd::Resumed : HandshakeEnd::Full;
    const unsigned char* name = nullptr;
    unsigned int size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &name, &size);
    const std::string_view chosen(reinterpret_cast<const char*>(name), size);
    alpn_ = chosen == "h2" ? Alpn::Http2 : chosen == "http/1.1" ? Alpn::Http1 : Alpn::None;
    return true;
  }
  if (SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ) return false;
  log(LogLevel::Debug, "tls.handshake", "a handshake has failed: " + take_library_reason());
  handshake_end_ = HandshakeEnd::Failed;
  has_failed_ = true;
  return false;
}

std::string TlsStream::peer_subject() const {
  const X509* const certificate = SSL_get0_peer_certificate(ssl_.get());
  if (certificate == nullptr) return {};
  const BioHandle bio{BIO_new(BIO_s_mem())};
  EDGE_CHECK(bio);
  X509_NAME_print_ex(bio.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
  ERR_clear_error();
  char* text = nullptr;
  const long bytes = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(bytes)};
}

IoResult TlsStream::decrypt(std::span<char> into) {
  std::size_t total = 0;
  while (total < into.size()) {
    std::size_t bytes = 0;
    const int result = SSL_read_ex(ssl_.get(), into.data() + total, into.size() - total, &bytes);
    total += bytes;
    if (result == 1) continue;
    const int error = SSL_get_error(ssl_.get(), result);
    if (error == SSL_ERROR_ZERO_RETURN) {
      has_ended_ = true;
      return total > 0 ? IoResult{IoResult::Ok, total} : IoResult{IoResult::EndOfFile, 0};
    }
    if (error == SSL_ERROR_WANT_READ) break;
    log(LogLevel::Debug, "tls.broken", "a TLS connection is broken: " + take_library_reason());
    has_failed_ = true;
    break;
  }
  EDGE_CHECK(has_failed_ || buffers_.received_.empty());
  return total > 0 ? IoResult{IoResult::Ok, total} : IoResult{IoResult::WouldBlock, 0};
}

IoResult TlsStream::write_some(std::span<const iovec> pieces) {
  if (has_failed_) return {IoResult::Broken, 0};
  if (const IoResult sent = send_unsent(); sent.state != IoResult::Ok || has_unsent()) return sent;
  Pieces left(pieces);
  if (left.left() == 0) return {IoResult::Ok, 0};
  EDGE_CHECK(is_established_ && !has_ended_writes_);
  ERR_clear_error();
  const IoResult taken = encrypt(left);
  const IoResult sent = send_records();
  return has_failed_ || sent.state == IoResult::Broken ? fail() : taken;
}

IoResult TlsStream::encrypt(Pieces& pieces) {
  const Instant now = buffers_.loop_.now();
  if (now - wrote_at_ > kIdle) bytes_since_idle_ = 0;
  wrote_at_ = now;
  const std::size_t wanted = pieces.left();
  const std::size_t all = std::min(wanted, write_bytes_max());
  std::size_t taken = 0;
  SSL_clear_mode(ssl_.get(), SSL_MODE_RELEASE_BUFFERS);
  while (taken < all) {
    const std::size_t size = std::min(record_bytes(wanted), all - taken);
    // The buffer in which OpenSSL makes records is given back behind the last, not taken anew for each.
    if (taken + size == all) SSL_set_mode(ssl_.get(), SSL_MODE_RELEASE_BUFFERS);
    const std::string_view plain = pieces.take(size, buffers_.staging_);
    std::size_t written = 0;
    if (SSL_write_ex(ssl_.get(), plain.data(), size, &written) != 1) {
      log(LogLevel::Debug, "tls.broken", "a TLS connection is broken: " + take_library_reason());
      has_failed_ = true;
      break;
    }
    taken += size;
    bytes_since_idle_ += size;
  }
  return {IoResult::Ok, taken};
}

std::size_t TlsStream::write_bytes_max() const noexcept {
  return bytes_since_full_ < kFastAfter ? kSlowWriteBytes : kWriteBytesMax;
}

// Of the next record, in a write that began with `wanted` bytes.
std::size_t TlsStream::record_bytes(std::size_t wanted) const {
  return wanted > kShortWriteBytes && bytes_since_idle_ < kSmallUntil ? kSmallRecordBytes : kTlsRecordBytesMax;
}

// What OpenSSL has made goes out behind what is still waiting; what the socket does not take waits too.
IoResult TlsStream::send_records() {
  Bytes& records = buffers_.records_;
  if (records.empty()) return {IoResult::Ok, 0};
  IoResult sent{IoResult::WouldBlock, 0};
  if (unsent_.empty()) {
    const std::array<iovec, 1> all{{{const_cast<char*>(records.view().data()), records.size()}}};
    sent = net::write_some(socket_, all);
  }
  bytes_since_full_ = sent.bytes == records.size() ? bytes_since_full_ + sent.bytes : 0;
  unsent_.append(records.view().substr(sent.bytes));
  records.clear();
  if (sent.state == IoResult::Broken || unsent_.size() - unsent_begin_ > kUnsentBytesMax) return {IoResult::Broken, 0};
  return {IoResult::Ok, 0};
}

// Ok when nothing waits any more, or less than before.
IoResult TlsStream::send_unsent() {
  if (unsent_.empty()) return {IoResult::Ok, 0};
  const std::string_view left = unsent_.view().substr(unsent_begin_);
  const std::array<iovec, 1> all{{{const_cast<char*>(left.data()), left.size()}}};
  const IoResult sent = net::write_some(socket_, all);
  if (sent.state == IoResult::Broken) return fail();
  unsent_begin_ += sent.bytes;
  if (sent.bytes < left.size()) return {sent.state, 0};
  unsent_ = Bytes();  // Not kept: most connections never need it.
  unsent_begin_ = 0;
  if (has_ended_writes_) net::shutdown_writes(socket_);
  return {IoResult::Ok, 0};
}

// RFC 8446 section 6.1: close_notify first, so that the other side knows that nothing was cut off.
void TlsStream::shutdown_writes() {
  if (std::exchange(has_ended_writes_, true)) return;
  if (is_established_ && !has_failed_) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    if (send_records().state == IoResult::Broken) has_failed_ = true;
  }
  if (unsent_.empty()) net::shutdown_writes(socket_);
}

IoResult TlsStream::fail() {
  has_failed_ = true;
  unsent_ = Bytes();
  unsent_begin_ = 0;
  return {IoResult::Broken, 0};
}

}  // namespace edge::net
