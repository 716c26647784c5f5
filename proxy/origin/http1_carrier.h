// GETs to origins in the clear, over connections that are kept: what most fills are.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "event/timer.h"
#include "origin/carrier.h"
#include "origin/curl_multi.h"
#include "origin/http1_connection.h"

namespace edge::origin {

// libcurl makes the connections, with all that belongs to it: names, addresses by turns, where to connect to instead.
// What goes over them is ours: of a fill that libcurl carries, half of the instructions are libcurl's
// (tests/bench/README.md), since it makes a connection object for each transfer and then finds one that stands.
class Http1Carrier final : public Carrier, private Http1ConnectionUser {
 public:
  // `connector` outlives it, and carries HTTP/1.1; of `options` the connections' ages and number count.
  Http1Carrier(event::EventLoop& loop, CurlMulti& connector, const CurlOptions& options,
               metrics::WorkerMetrics& metrics);
  ~Http1Carrier() override;

  // Whether it carries what goes there.
  static bool is_for(const OriginUrl& url) { return url.base.starts_with("http:"); }
  // For transfers started from now on.
  void reload(const CurlOptions& options);

 private:
  friend class Http1Transfer;

  std::unique_ptr<Transfer> make_transfer() override;
  void on_readable(Http1Connection& connection) override;
  void on_writable(Http1Connection&) override {}

  // A connection to that URL that was used before; null where there is none.
  std::unique_ptr<Http1Connection> try_take(const OriginUrl& url);
  // For another transfer.
  void keep(std::unique_ptr<Http1Connection> connection);
  void drop(std::unique_ptr<Http1Connection> connection);
  void drop_longest_unused();
  void close_unused();
  bool is_of_use(const Http1Connection& connection);
  // Lets the transfer take notes of what its connection brings, then its user act.
  template <class Work>
  void run(Work&& work) {
    take_notes(std::forward<Work>(work));
    act_on_due();
  }
  std::unique_ptr<CurlTransfer> take_connecting();
  void give_back_connecting(std::unique_ptr<CurlTransfer> connecting);
  // How many places there have been to connect to instead of what URLs name.
  std::uint32_t places() const { return places_; }
  std::span<char> room() { return room_; }
  CurlMulti& connector() { return connector_; }
  metrics::WorkerMetrics& metrics() { return metrics_; }
  using Carrier::loop;

  CurlMulti& connector_;
  CurlOptions options_;
  metrics::WorkerMetrics& metrics_;
  std::uint32_t places_ = 0;
  std::vector<char> room_;  // For what one call takes from a socket; none before the first transfer.
  std::vector<std::unique_ptr<CurlTransfer>> spare_connecting_;
  std::vector<std::unique_ptr<Http1Connection>> idle_;  // The longest unused first.
  event::Timer unused_for_long_;                        // Armed while there is any.
};

}  // namespace edge::origin
