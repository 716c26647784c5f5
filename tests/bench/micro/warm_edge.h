// One worker's serving with everything in memory, on a loop that the measuring thread runs. There is no origin.
#pragma once

#include <sys/socket.h>

#include <memory>

#include "base/check.h"
#include "bench/micro/stored.h"
#include "frontend/server.h"
#include "net/socket.h"
#include "serving/rate_limiter.h"
#include "serving/serving.h"

namespace edge::bench {

class WarmEdge {
 public:
  static constexpr std::size_t kAvatars = 1000;
  static constexpr std::size_t kBodyBytes = 4096;

  WarmEdge() {
    fill_avatars(cache_, kAvatars, kBodyBytes, clock_.now());
    auto socket = net::listen_on(*net::parse_address("127.0.0.1:0"), false);
    EDGE_CHECK(socket);
    address_ = net::local_address(*socket);
    server_.add_listener(std::move(*socket));
  }

  event::EventLoop& loop() { return loop_; }
  // Non-blocking; it is established already.
  net::Socket connect() const {
    net::Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    ::connect(socket.fd(), address_.raw(), address_.raw_length());
    return socket;
  }
  // How many were answered from memory.
  std::uint64_t hits() { return metrics_.worker(0).requests[metrics::Outcome::Hit].value(); }

 private:
  struct NoOrigin final : origin::Origin {
    std::unique_ptr<origin::Fetch> start(origin::FetchRequest, origin::FetchObserver&) override { EDGE_CHECK(false); }
    void reload(const origin::OriginOptions&) override {}
    void set_unhealthy(std::span<const origin::OriginUrl>) override {}
  };
  struct NoLines final : LineWriter {
    void write(std::string_view) override {}
    void reopen() override {}
  };
  static std::shared_ptr<const serving::ServingOptions> serving_options() {
    auto options = std::make_shared<serving::ServingOptions>();
    options->routes = *serving::parse_routes({"/avatars/{avatar}/{variant}"});
    return options;
  }
  static frontend::ServerOptions server_options() {
    frontend::ServerOptions options;
    options.requests_per_connection_max = 0;
    return options;
  }

  const SystemClock clock_;
  cache::MemoryCache cache_{{}, clock_};
  metrics::Metrics metrics_{1, {"here", "1"}, clock_, [] { return metrics::CacheGauges{}; }};
  serving::Invalidator invalidator_{cache_, metrics_};
  serving::WaiterDirectory directory_;
  serving::PushDirectory pushes_;
  serving::RateLimiter rates_{1024};
  serving::Maintenance maintenance_;
  serving::Overload overload_;
  NoLines lines_;
  frontend::AccessLog log_{frontend::AccessLogMode::Off, lines_};
  event::EventLoop loop_{clock_};
  NoOrigin origin_;
  serving::Serving serving_{{.loop = loop_,
                             .cache = cache_,
                             .origin = origin_,
                             .metrics = metrics_.worker(0),
                             .invalidator = invalidator_,
                             .directory = directory_,
                             .worker = 0,
                             .pushes = pushes_,
                             .rates = rates_,
                             .maintenance = maintenance_,
                             .overload = overload_,
                             .options = serving_options()}};
  frontend::Server server_{loop_, server_options(), serving_, metrics_.worker(0), log_};
  net::Address address_;
};

}  // namespace edge::bench
