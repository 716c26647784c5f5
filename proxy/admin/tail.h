// GET /tail: the records of the access log as they come, as many as a filter admits, for as long as somebody reads.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "frontend/access_log.h"
#include "frontend/exchange.h"
#include "metrics/worker_metrics.h"
#include "serving/routes.h"

namespace edge::admin {

class TailReader;

// All who read. Main's thread only, on whose loop their exchanges are; outlives these. What it is given outlives it.
//
// While nobody reads, exchanges pay nothing. While somebody does, each exchange tries the filters on its own thread,
// and what a filter admits waits in a queue of that reader, from which main's thread takes it a few times a second.
class Tails {
 public:
  // More are told 503.
  static constexpr std::size_t kReadersMax = 8;

  // `metrics`: of main's thread.
  Tails(frontend::AccessLog& log, metrics::WorkerMetrics& metrics) : log_(log), metrics_(metrics) {}

  // The query may be filter=..., percent-encoded, as parse_record_filter reads it. The answer is lines: records as in
  // the access log; {"tail":"dropped","records":N} where N that the filter admitted came faster than they could be
  // sent; empty ones while there is nothing else to say; and {"tail":"end","why":"..."} before an end of ours.
  std::unique_ptr<frontend::ExchangeTask> start(frontend::Exchange& exchange, std::string_view query,
                                                const serving::Routes& routes);
  // All answers end, and say why: a phrase of ours.
  void end_all(std::string_view why);

 private:
  friend class TailReader;
  void add(TailReader& reader);
  void remove(TailReader& reader);
  void tell_log();

  frontend::AccessLog& log_;
  metrics::WorkerMetrics& metrics_;
  std::vector<TailReader*> readers_;
};

}  // namespace edge::admin
