#include "app/worker.h"

namespace edge::app {

Worker::Worker(std::uint32_t number, const Shared& shared, std::shared_ptr<const WorkerOptions> options)
    : loop_(shared.clock) {
  metrics::WorkerMetrics& metrics = shared.metrics.worker(number);
  origin_ = origin::make_origin(loop_, options->origin, metrics);
  serving_ = std::make_unique<serving::Serving>(serving::Serving::Parts{.loop = loop_,
                                                                        .cache = shared.cache,
                                                                        .origin = *origin_,
                                                                        .metrics = metrics,
                                                                        .invalidator = shared.invalidator,
                                                                        .directory = shared.directory,
                                                                        .worker = number,
                                                                        .options = options->serving});
  server_ = std::make_unique<frontend::Server>(loop_, options->server, *serving_, metrics, shared.access_log);
}

Worker::~Worker() { join(); }

void Worker::add_listener(net::Socket socket) { server_->add_listener(std::move(socket)); }

void Worker::start() {
  thread_ = std::thread([this] { run(); });
}

void Worker::run() {
  loop_.run();
  // What libraries hold of this thread goes on this thread.
  server_.reset();
  serving_.reset();
  origin_.reset();
}

void Worker::reload(std::shared_ptr<const WorkerOptions> options) {
  loop_.post([this, options = std::move(options)] {
    server_->reload(options->server);
    origin_->reload(options->origin);
    serving_->reload(options->serving);
  });
}

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
