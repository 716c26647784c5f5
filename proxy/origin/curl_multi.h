// libcurl's multi interface on one event loop: sockets become watches, its one timer a Timer.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "event/timer.h"
#include "event/watch.h"
#include "metrics/worker_metrics.h"
#include "origin/carrier.h"
#include "origin/curl_transfer.h"

namespace edge::origin {

struct CurlOptions {
  std::chrono::milliseconds idle_timeout{60'000};
  std::chrono::milliseconds age_max{600'000};  // Of a connection that is used again; 0: any.
  std::chrono::milliseconds dns_ttl{30'000};   // Whatever the name's own says, which libcurl does not hear.
  std::uint32_t connections_max = 256;         // Kept open while unused.
  bool shares_connections = false;  // Offers HTTP/2, and has many transfers on one connection; else HTTP/1.1.
  std::string ca_file;
  bool verify_tls = true;
  std::string client_certificate_file;
  std::string client_key_file;
  std::string connect_to;
};

// Its callbacks only take notes.
class CurlMulti final : public Carrier {
 public:
  CurlMulti(event::EventLoop& loop, const CurlOptions& options, metrics::WorkerMetrics& metrics);
  ~CurlMulti() override;

  bool shares_connections() const override { return options_.shares_connections; }
  // Whether a host has answered in HTTP/1.
  bool has_met_http1() const { return has_met_http1_; }
  // For transfers started from now on.
  void reload(const CurlOptions& options);

 private:
  struct Callbacks;
  friend class CurlTransfer;
  struct FreeMulti {
    void operator()(void* multi) const noexcept;
  };

  // A socket that libcurl waits for.
  //
  // Its reader stays armed while the connection idles between two transfers, which saves two system calls a transfer;
  // it is disarmed only if something comes that nobody wants. That is safe with an established connection alone:
  // close_socket tells when that is closed. One that is still being made, and the pipe of its resolver, libcurl may
  // close without a word, so nothing may stay armed there that it does not wait for.
  struct Socket {
    std::unique_ptr<event::Watch> reader;
    std::unique_ptr<event::Watch> writer;
    int wanted = 0;  // CURL_POLL_IN, CURL_POLL_OUT, both or neither.
    bool is_established = false;
    const CurlTransfer* connecting = nullptr;  // Whose connection is being made; compared only.
  };

  std::unique_ptr<Transfer> make_transfer() override;
  void on_planned_run() override;
  const CurlOptions& options() const { return options_; }
  metrics::WorkerMetrics& metrics() { return metrics_; }
  void hook_sockets(void* easy, CurlTransfer& of);
  void add(CurlTransfer& transfer);
  void remove(CurlTransfer& transfer);

  void want(void* easy, int fd, int what);
  void want_nothing(int fd);
  void drop_socket(int fd);
  void drop_connecting(const CurlTransfer& transfer);
  void on_ready(int fd, int what);
  void set_timeout(long milliseconds);
  void run_library(int fd, int what);
  void note_ended_transfers();

  CurlOptions options_;
  metrics::WorkerMetrics& metrics_;
  std::uint32_t reloads_ = 0;
  bool has_met_http1_ = false;
  std::unordered_map<int, Socket> sockets_;

  bool is_timeout_due_ = false;

  event::Timer timer_;
  std::unique_ptr<void, FreeMulti> multi_;  // Goes before sockets_: it closes its connections then.
};

}  // namespace edge::origin
