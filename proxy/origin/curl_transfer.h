// One HTTP exchange of libcurl's, and what its callbacks have noted of it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/handle.h"
#include "origin/balancer.h"
#include "origin/fetch.h"
#include "origin/head_reader.h"
#include "origin/upload.h"

struct curl_slist;
struct Curl_URL;
extern "C" void curl_easy_cleanup(void*);
extern "C" void curl_url_cleanup(Curl_URL*);

namespace edge::origin {

class CurlMulti;

// Whoever runs a transfer (or waits for a turn of its own).
class TransferUser {
 public:
  virtual ~TransferUser() = default;
  // Something was noted. Never called from inside libcurl or from inside a call on the transfer.
  virtual void act() = 0;

 private:
  friend class CurlMulti;
  bool is_due_ = false;
};

struct TransferFailure {
  http::ProxyError error;
  std::string detail;               // "host:port: what libcurl says".
  bool is_connect_failure = false;  // No connection could be made: another URL may be tried.
};

// What is to be sent, and where. `request` is used during start() alone, `upload` until the transfer is stopped.
struct TransferJob {
  OriginUrlRef url;
  const FetchRequest& request;
  Upload* upload = nullptr;  // Null: no body.
  std::uint64_t collect_bytes_max = 0;
};

// An easy handle, reused from a pool, since making one costs more than a transfer. Owned by the CurlMulti while spare
// and by its user while in use; loop's thread only. libcurl's callbacks only take notes here.
class CurlTransfer {
 public:
  // What is kept of a body that nobody takes, before libcurl has to stop reading.
  static constexpr std::size_t kStreamBytesMax = 256 * 1024;
  static constexpr std::size_t kErrorTextBytes = 256;  // As libcurl prescribes.

  explicit CurlTransfer(CurlMulti& multi);
  ~CurlTransfer();
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;

  // Begins; `user` acts in a later turn.
  void start(const TransferJob& job, TransferUser& user);
  // Ends it, if it is still under way; the user hears no more. The notes stay until the next start.
  void stop();

  // The notes.
  bool was_request_sent() const { return was_request_sent_; }  // At least its first byte may have been.
  const HeadReader& head() const { return head_; }
  std::vector<InterimHead> take_interim() { return head_.take_interim(); }
  // Of the body that follows the head, where it was declared.
  std::optional<std::uint64_t> body_length() const { return body_length_; }
  // Whether the response can be used as it comes. A response of HTTP/2 can where its declared length is that of a body
  // that may be collected:
  //
  // - Pausing does not stop the origin: libcurl (7.88) has opened windows of 32 MiB, which cannot be changed. What
  //   comes of them it keeps in memory that nobody counts, or it lets the others on the connection wait. So such a
  //   transfer is never paused; all of it waits here, and must have a limit.
  // - Where the connection itself breaks the protocol, libcurl (7.88) takes what has come of a body for all of it.
  //   Only a declared length shows that it is not.
  bool is_usable() const;
  // What has come and was not yet taken; the user takes it, clears it or leaves it.
  Bytes& body() { return body_; }
  // What did not fit beneath the limit and waits inside libcurl; 0 when reading goes on.
  std::size_t held_back_bytes() const { return held_back_bytes_; }
  bool is_over() const { return is_over_; }
  const std::optional<TransferFailure>& failure() const { return failure_; }

  // How many bytes of the body may wait here.
  void set_body_bytes_max(std::uint64_t bytes) { body_bytes_max_ = bytes; }
  // Continues what had to wait: reading, where the body has room again; sending, where the upload has more.
  void continue_where_possible();

 private:
  struct Callbacks;
  friend class CurlMulti;

  void configure();
  void set_place(const std::string& connect_to);
  void set_url(const OriginUrlRef& url);
  void set_lines(const FetchRequest& request);
  void set_method(const TransferJob& job);
  void note_head_complete();
  void note_end(int curl_code);
  void count_connections();
  TransferFailure classify(int curl_code) const;

  CurlMulti& multi_;
  TransferUser* user_ = nullptr;  // Null: not in libcurl's hands.

  // The request.
  bool is_plain_ = false;               // Configured, and nothing but URL, target and lines differ from a plain GET.
  std::uint32_t configured_as_of_ = 0;  // CurlMulti::reloads_.
  bool is_head_request_ = false;
  OriginUrlRef url_;
  CHandle<Curl_URL, curl_url_cleanup> parsed_url_;  // libcurl would parse a text anew for each transfer.
  Upload* upload_ = nullptr;
  std::uint64_t collect_bytes_max_ = 0;
  std::string place_text_;               // Where to connect to instead; likewise.
  std::vector<curl_slist> place_nodes_;  // At most one.
  std::string target_;
  std::string lines_;                   // Each with a zero at its end.
  std::vector<curl_slist> line_nodes_;  // Point into lines_; libcurl only reads them.

  // The notes.
  bool was_request_sent_ = false;
  bool has_connection_ = false;  // One that stands; false while one is being made.
  bool was_replayed_ = false;
  bool is_upload_waiting_ = false;  // libcurl asked for more of the upload and there was nothing.
  bool is_over_ = false;
  bool may_have_body_ = true;
  HeadReader head_;
  std::optional<std::uint64_t> body_length_;
  Bytes body_;
  std::uint64_t body_bytes_max_ = 0;
  std::size_t held_back_bytes_ = 0;
  std::optional<TransferFailure> failure_;
  std::array<char, kErrorTextBytes> error_text_{};

  CHandle<void, curl_easy_cleanup> easy_;  // Last member, so first to go: libcurl points into the others.
};

}  // namespace edge::origin
