// All connections of one worker to one handler.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_function.h"
#include "event/event_loop.h"
#include "frontend/access_log.h"
#include "frontend/exchange.h"
#include "frontend/http1_parser.h"
#include "frontend/server_options.h"
#include "metrics/worker_metrics.h"
#include "net/listener.h"

namespace edge::frontend {

class Http1Connection;

// Owned by a worker. What it is given must outlive it. Loop's thread only.
class Server {
 public:
  Server(event::EventLoop& loop, const ServerOptions& options, Handler& handler, metrics::WorkerMetrics& metrics,
         AccessLog& access_log);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  void add_listener(net::Socket socket);
  // Holds for what begins from now on; open connections keep their current deadline.
  void reload(const ServerOptions& options);

  // Accepts nothing more, ends idle connections, lets exchanges finish and closes after each; `on_drained` runs once,
  // in a later turn, when no connection is left.
  void drain(UniqueFunction<void()> on_drained);
  // Ends every connection as it stands.
  void close_all();
  std::size_t connection_count() const { return connections_.size(); }

 private:
  friend class Http1Connection;

  void accept(net::Socket socket, const net::Address& peer);
  void remove(Http1Connection& connection);
  std::string_view date();

  event::EventLoop& loop_;
  ServerOptions options_;
  Http1ParserLimits parser_limits_;
  Handler& handler_;
  metrics::WorkerMetrics& metrics_;
  AccessLog& access_log_;

  std::vector<char> read_buffer_;  // Connections read into it by turns; what cannot be parsed yet, they copy.
  std::string date_;               // The value of Date, made once a second.
  std::chrono::seconds date_second_{-1};

  bool draining_ = false;
  UniqueFunction<void()> on_drained_;
  event::Deferred tell_drained_;
  std::vector<std::unique_ptr<net::Listener>> listeners_;
  std::vector<std::unique_ptr<Http1Connection>> connections_;  // Each knows its place.
};

}  // namespace edge::frontend
