#include "app/demo_run.h"

#include <cstdio>
#include <thread>

#include "app/edge.h"
#include "app/private_redis.h"
#include "base/log.h"
#include "demo/sample_origin.h"
#include "demo/what_to_try.h"
#include "frontend/server.h"

namespace edge::app {
namespace {

// The demo's person wants to read what to try, not what went well.
class NoLines final : public LineWriter {
 public:
  void write(std::string_view) override {}
  void reopen() override {}
};

std::string local(std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); }

// The sample origin with its own thread and loop, as if it were another machine.
class OriginThread {
 public:
  OriginThread(const Clock& clock, const std::string& admin_address, demo::SampleOrigin::OnChange on_change)
      : access_log_(frontend::AccessLogMode::Off, no_lines_),
        loop_(clock),
        origin_(options(admin_address), clock, std::move(on_change)),
        server_(loop_, {}, origin_, metrics_, access_log_) {}
  ~OriginThread() {
    if (!thread_.joinable()) return;
    loop_.post([this] {
      server_.close_all();
      loop_.stop();
    });
    thread_.join();
  }

  Status listen(const std::string& address) {
    const auto parsed = net::parse_address(address);
    if (!parsed) return Failure{parsed.error()};
    auto socket = net::listen_on(*parsed, false);
    if (!socket) return Failure{socket.error()};
    server_.add_listener(std::move(*socket));
    return {};
  }
  void start() {
    thread_ = std::thread([this] { loop_.run(); });
  }

 private:
  static demo::SampleOriginOptions options(const std::string& admin_address) {
    demo::SampleOriginOptions options;
    options.admin_address = admin_address;
    return options;
  }

  NoLines no_lines_;
  metrics::WorkerMetrics metrics_;
  frontend::AccessLog access_log_;
  event::EventLoop loop_;
  demo::SampleOrigin origin_;
  frontend::Server server_;
  std::thread thread_;
};

}  // namespace

Status run_demo(std::uint16_t port, bool with_redis) {
  const auto next = [&](int by) { return local(static_cast<std::uint16_t>(port + by)); };
  demo::DemoAddresses addresses{.edge = next(0), .origin = next(1), .admin = next(2)};
  std::unique_ptr<PrivateRedis> redis;
  if (with_redis) {
    auto started = PrivateRedis::start();
    if (started) redis = *std::move(started);
    // Without it the demo still shows most of what there is.
    if (!started && started.error().code != ErrorCode::NotFound) return Failure{started.error()};
  }
  Config config;
  config.site = "demo";
  config.listen = {{addresses.edge}};
  config.admin.address = addresses.admin;
  config.origin.urls = {"http://" + addresses.origin};
  config.cache.memory_bytes = 256ull << 20;
  config.drain = std::chrono::seconds{1};
  if (redis) {
    addresses.redis_socket = redis->socket();
    config.updates_url = "unix://" + redis->socket();
    config.updates.url.unix_path = redis->socket();
    // So that a wait for all nodes is short soon after the start: a young registry is waited out for one lease.
    config.updates.lease = std::chrono::seconds{1};
    config.updates.registry = 2 * config.updates.lease;
  }
  config.log.level = LogLevel::Warning;
  if (const Status started = start_log(config.log); !started) return Failure{started.error()};

  NoLines no_lines;
  const SystemClock clock;
  Status listening;
  {
    Edge edge(config, {}, clock, no_lines);
    OriginThread origin(clock, addresses.admin,
                        [&edge](std::string_view avatar, std::uint64_t version) { edge.announce(avatar, version); });
    listening = edge.listen();
    if (listening) listening = origin.listen(addresses.origin);
    if (listening) {
      origin.start();
      std::fputs(demo::what_to_try(addresses).c_str(), stdout);
      std::fflush(stdout);
      edge.run();
    }
  }
  stop_log();
  if (!listening) return fail(listening.error().code, listening.error().message + "; try another --port");
  return listening;
}

}  // namespace edge::app
