#include "app/worker.h"

namespace edge::app {

Worker::Worker(std::uint32_t number, const Shared& shared, std::shared_ptr<const WorkerOptions> options)
    : loop_(shared.clock) {
  metrics::WorkerMetrics& metrics = shared.metrics.worker(number);
  origin_ = origin::make_origin(loop_, options->origin, metrics);
  if (shared.tier)
    tier_ = std::make_unique<serving::Tier>(loop_, *shared.tier, shared.tier_state, shared.cache.budget(), metrics);
  serving_ = std::make_unique<serving::Serving>(serving::Serving::Parts{.loop = loop_,
                                                                        .cache = shared.cache,
                                                                        .origin = *origin_,
                                                                        .metrics = metrics,
                                                                        .invalidator = shared.invalidator,
                                                                        .directory = shared.directory,
                                                                        .worker = number,
                                                                        .pushes = shared.pushes,
                                                                        .rates = shared.rates,
                                                                        .maintenance = shared.maintenance,
                                                                        .options = options->serving,
                                                                        .tier = tier_.get()});
  server_ = std::make_unique<frontend::Server>(loop_, options->server, *serving_, metrics, shared.access_log,
                                               &shared.clients);
}

Worker::~Worker() { join(); }

void Worker::add_listener(net::Socket socket, std::shared_ptr<const net::TlsContext> tls,
                          std::shared_ptr<const frontend::PortAccess> access) {
  server_->add_listener(std::move(socket), std::move(tls), std::move(access));
}

void Worker::add_socket(std::size_t listener, net::Socket socket) { server_->add_socket(listener, std::move(socket)); }

void Worker::start() {
  thread_ = std::thread([this] { run(); });
}

void Worker::run() {
  loop_.run();
  // What libraries hold of this thread goes on this thread.
  server_.reset();
  serving_.reset();
  tier_.reset();
  origin_.reset();
}

void Worker::reload(std::shared_ptr<const WorkerOptions> options,
                    std::vector<std::shared_ptr<const net::TlsContext>> tls) {
  loop_.post([this, options = std::move(options), tls = std::move(tls)] {
    server_->reload(options->server);
    for (std::size_t i = 0; i < tls.size(); ++i) server_->set_tls(i, tls[i]);
    origin_->reload(options->origin);
    serving_->reload(options->serving);
  });
}

void Worker::ask_alive(UniqueFunction<void()> on_answer) { loop_.post(std::move(on_answer)); }

void Worker::drain(UniqueFunction<void()> on_drained) {
  loop_.post([this, done = std::move(on_drained)]() mutable { server_->drain(std::move(done)); });
}

void Worker::stop() {
  loop_.post([this] {
    server_->close_all();
    serving_->shut_down();
    loop_.stop();  // A turn later, when what has been closed is freed.
  });
}

void Worker::join() {
  if (thread_.joinable()) thread_.join();
}

}  // namespace edge::app
