// One HTTP exchange with the origin: how it is begun and ended, and what has been noted of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "origin/balancer.h"
#include "origin/fetch.h"
#include "origin/head_reader.h"
#include "origin/upload.h"

namespace edge::origin {

// Whoever runs a transfer (or waits for a turn of its own).
class TransferUser {
 public:
  virtual ~TransferUser() = default;
  // Something was noted. Never called from inside a call on the transfer.
  virtual void act() = 0;

 private:
  friend class Carrier;
  bool is_due_ = false;
};

struct TransferFailure {
  http::ProxyError error;
  std::string detail;               // "host:port: what went wrong".
  bool is_connect_failure = false;  // No connection could be made: another URL may be tried.
};

// What is to be sent, and where. `request` is used during start() alone, `upload` until the transfer is stopped.
struct TransferJob {
  OriginUrlRef url;
  const FetchRequest& request;
  Upload* upload = nullptr;  // Null: no body.
  std::uint64_t collect_bytes_max = 0;
};

// Owned by its Carrier while spare and by its user while in use; loop's thread only.
class Transfer {
 public:
  // What is kept of a body that nobody takes, before reading has to stop.
  static constexpr std::size_t kStreamBytesMax = 256 * 1024;

  virtual ~Transfer() = default;
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  // Begins; `user` acts in a later turn.
  virtual void start(const TransferJob& job, TransferUser& user) = 0;
  // Ends it, if it is still under way; the user hears no more. The notes stay until the next start.
  virtual void stop() = 0;
  // Continues what had to wait: reading, where the body has room again; sending, where the upload has more.
  virtual void continue_where_possible() = 0;
  // Whether the response, whose head has come, can be used as it comes.
  virtual bool is_usable() const { return true; }

  // The notes.
  bool was_request_sent() const { return was_request_sent_; }  // At least its first byte may have been.
  const HeadReader& head() const { return head_; }
  std::vector<InterimHead> take_interim() { return head_.take_interim(); }
  // Of the body that follows the head, where it was declared.
  std::optional<std::uint64_t> body_length() const { return body_length_; }
  // What has come and was not yet taken; the user takes it, clears it or leaves it.
  Bytes& body() { return body_; }
  // What did not fit beneath the limit and waits; 0 when reading goes on.
  std::size_t held_back_bytes() const { return held_back_bytes_; }
  bool is_over() const { return is_over_; }
  const std::optional<TransferFailure>& failure() const { return failure_; }

  // How many bytes of the body may wait here.
  void set_body_bytes_max(std::uint64_t bytes) { body_bytes_max_ = bytes; }
  // Gives back the memory of what was larger than most.
  virtual void forget_large_memory() {
    if (body_.capacity() > kStreamBytesMax) body_ = Bytes{};
  }

 protected:
  Transfer() = default;
  void clear_notes(std::uint64_t collect_bytes_max, bool may_be_http2);
  // Once the head is complete. False where RFC 9112 section 6.3 knows of no body, whatever length is declared.
  bool expect_body(bool is_head_request);

  bool was_request_sent_ = false;
  bool is_over_ = false;
  HeadReader head_;
  std::uint64_t collect_bytes_max_ = 0;
  std::optional<std::uint64_t> body_length_;
  Bytes body_;
  std::uint64_t body_bytes_max_ = 0;
  std::size_t held_back_bytes_ = 0;
  std::optional<TransferFailure> failure_;
};

}  // namespace edge::origin
