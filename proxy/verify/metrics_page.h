// Answers GET /metrics, and nothing else.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "frontend/server.h"

namespace edge::verify {

// Owned by the run. Loop's thread only.
class MetricsPage final : private frontend::Handler {
 public:
  // `exposition` is called at each scrape.
  MetricsPage(event::EventLoop& loop, std::function<std::string()> exposition);

  // Fails where the address cannot be had; else the address really listened on.
  Result<std::string> listen(const std::string& address);

 private:
  class NoLines final : public LineWriter {
    void write(std::string_view) override {}
    void reopen() override {}
  };

  std::unique_ptr<frontend::ExchangeTask> start(frontend::Exchange& exchange) override;

  const std::function<std::string()> exposition_;
  NoLines no_lines_;
  frontend::AccessLog access_log_{frontend::AccessLogMode::Off, no_lines_};
  metrics::WorkerMetrics metrics_;
  frontend::Server server_;
};

}  // namespace edge::verify
