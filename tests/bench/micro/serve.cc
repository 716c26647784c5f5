// A whole hit: from the socket through protocol, handler and memory, back to the socket.
//
// Client and server share one thread and its loop, so that a figure is processor time and no waiting for the other. It
// has the client's two system calls in it, and the kernel's loopback; with several requests at once their share is
// less.
#include <benchmark/benchmark.h>

#include <optional>

#include "bench/micro/allocations.h"
#include "bench/micro/askers.h"
#include "bench/micro/warm_edge.h"
#include "event/watch.h"

namespace edge::bench {
namespace {

constexpr std::size_t kWarmUpRounds = 200;

// Asks `at_once` requests and, when all are answered, the next, until the state has enough.
template <class Asker>
class Client {
 public:
  Client(WarmEdge& edge, benchmark::State& state)
      : edge_(edge), state_(state), at_once_(static_cast<std::size_t>(state.range(0))) {
    asker_.append_opening(bytes_);
    ask();
    watch_.arm();
  }

 private:
  void ask() {
    for (std::size_t i = 0; i < at_once_; ++i) asker_.append_request(bytes_);
    waiting_ = at_once_;
    const net::IoResult written = net::write_some(socket_, std::array{iovec{bytes_.data(), bytes_.size()}});
    EDGE_CHECK(written.state == net::IoResult::Ok && written.bytes == bytes_.size());
    bytes_.clear();
  }
  void on_readable() {
    const net::IoResult read = net::read_some(socket_, buffer_);
    EDGE_CHECK(read.state == net::IoResult::Ok);
    const std::size_t answers = asker_.count_answers({buffer_.data(), read.bytes});
    EDGE_CHECK(answers <= waiting_);
    if ((waiting_ -= answers) == 0) next_round();
  }
  void next_round() {
    if (++rounds_ <= kWarmUpRounds) return ask();
    if (!counters_) {
      counters_.emplace(state_);
      hits_before_ = edge_.hits();
    }
    if (state_.KeepRunningBatch(static_cast<benchmark::IterationCount>(at_once_))) return ask();
    counters_.reset();
    EDGE_CHECK(edge_.hits() - hits_before_ == static_cast<std::uint64_t>(state_.iterations()));
    watch_.disarm();
    edge_.loop().stop();
  }

  WarmEdge& edge_;
  benchmark::State& state_;
  const std::size_t at_once_;
  Asker asker_{WarmEdge::kAvatars, WarmEdge::kBodyBytes};
  std::string bytes_;  // To be sent.
  std::vector<char> buffer_ = std::vector<char>(256 * 1024);
  std::size_t waiting_ = 0;
  std::size_t rounds_ = 0;
  std::optional<AllocationCounters> counters_;
  std::uint64_t hits_before_ = 0;
  net::Socket socket_ = edge_.connect();
  event::Watch watch_{edge_.loop(), socket_.fd(), event::Watch::Readable, [this] { on_readable(); }};
};

template <class Asker>
void hit(benchmark::State& state) {
  WarmEdge edge;
  Client<Asker> client(edge, state);
  edge.loop().run();
}
BENCHMARK(hit<Http1Asker>)->Name("serve/http1-hit-4k")->ArgName("at_once")->Arg(1)->Arg(16);
BENCHMARK(hit<Http2Asker>)->Name("serve/http2-hit-4k")->ArgName("at_once")->Arg(1)->Arg(16);

}  // namespace
}  // namespace edge::bench
