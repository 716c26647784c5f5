// One HTTP exchange of libcurl's, and what its callbacks note of it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/handle.h"
#include "origin/transfer.h"

struct curl_slist;
struct Curl_URL;
extern "C" void curl_easy_cleanup(void*);
extern "C" void curl_url_cleanup(Curl_URL*);

namespace edge::origin {

class CurlMulti;

// An easy handle, reused from a pool, since making one costs more than a transfer. libcurl's callbacks only take notes
// here.
class CurlTransfer final : public Transfer {
 public:
  static constexpr std::size_t kErrorTextBytes = 256;  // As libcurl prescribes.

  explicit CurlTransfer(CurlMulti& multi);
  ~CurlTransfer() override;

  void start(const TransferJob& job, TransferUser& user) override;
  // Instead of start(): only makes a connection, which nothing else of libcurl's uses. `user` acts when it is over.
  void connect(const OriginUrlRef& url, TransferUser& user);
  // The descriptor of that connection, which is the caller's from now on; -1 where there is none, or no more.
  int take_connection() { return std::exchange(connection_, -1); }
  void stop() override;
  void continue_where_possible() override;
  // A response of HTTP/2 is where its declared length is that of a body that may be collected:
  //
  // - Pausing does not stop the origin: libcurl (7.88) has opened windows of 32 MiB, which cannot be changed. What
  //   comes of them it keeps in memory that nobody counts, or it lets the others on the connection wait. So such a
  //   transfer is never paused; all of it waits here, and must have a limit.
  // - Where the connection itself breaks the protocol, libcurl (7.88) takes what has come of a body for all of it.
  //   Only a declared length shows that it is not.
  bool is_usable() const override;

 private:
  struct Callbacks;
  friend class CurlMulti;

  void configure();
  void begin(const OriginUrlRef& url, std::uint64_t collect_bytes_max);
  void set_place(const std::string& connect_to);
  void set_url(const OriginUrlRef& url);
  void set_lines(const FetchRequest& request);
  void set_method(const TransferJob& job);
  void note_head_complete();
  void keep_connection();
  void note_end(int curl_code);
  void count_connections();
  TransferFailure classify(int curl_code) const;

  CurlMulti& multi_;
  TransferUser* user_ = nullptr;  // Null: not in libcurl's hands.

  // The request.
  bool only_connects_ = false;
  bool is_plain_ = false;               // Configured, and nothing but URL, target and lines differ from a plain GET.
  std::uint32_t configured_as_of_ = 0;  // CurlMulti::reloads_.
  bool is_head_request_ = false;
  OriginUrlRef url_;
  CHandle<Curl_URL, curl_url_cleanup> parsed_url_;  // libcurl would parse a text anew for each transfer.
  Upload* upload_ = nullptr;
  std::string place_text_;               // Where to connect to instead; likewise.
  std::vector<curl_slist> place_nodes_;  // At most one.
  std::string target_;
  std::string lines_;                   // Each with a zero at its end.
  std::vector<curl_slist> line_nodes_;  // Point into lines_; libcurl only reads them.

  // The notes.
  bool has_connection_ = false;  // One that stands; false while one is being made.
  bool was_replayed_ = false;
  bool is_upload_waiting_ = false;  // libcurl asked for more of the upload and there was nothing.
  bool may_have_body_ = true;
  int connection_ = -1;  // What connect() has made and nobody has taken.
  std::array<char, kErrorTextBytes> error_text_{};

  CHandle<void, curl_easy_cleanup> easy_;  // Last member, so first to go: libcurl points into the others.
};

}  // namespace edge::origin
