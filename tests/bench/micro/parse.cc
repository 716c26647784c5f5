// Bytes of a client to the head of a request.
#include <benchmark/benchmark.h>
#include <sys/socket.h>

#include <limits>

#include "bench/micro/allocations.h"
#include "bench/micro/browser_request.h"
#include "bench/micro/http2_requests.h"
#include "frontend/http1_parser.h"
#include "frontend/http2_protocol.h"
#include "frontend/server.h"

namespace edge::bench {
namespace {

using namespace frontend;

constexpr RequestLimits kLimits{.header_bytes_max = 16 * 1024, .header_count_max = 100, .target_bytes_max = 4096};

void http1_whole(benchmark::State& state) {
  const std::string request = http1_request(avatar_path(12345));
  Http1Parser parser(kLimits);
  parser.parse(request);  // Then it has the room that it needs.
  const AllocationCounters counters(state);
  for (auto _ : state) EDGE_CHECK(parser.parse(request).event == Http1Parser::Event::Head);
}
BENCHMARK(http1_whole)->Name("parse/http1");

// The cut is inside a value.
void http1_in_two_pieces(benchmark::State& state) {
  const std::string request = http1_request(avatar_path(12345));
  const std::string_view first = std::string_view(request).substr(0, request.find("AppleWebKit"));
  const std::string_view second = std::string_view(request).substr(first.size());
  Http1Parser parser(kLimits);
  parser.parse(request);
  const AllocationCounters counters(state);
  for (auto _ : state) {
    EDGE_CHECK(parser.parse(first).event == Http1Parser::Event::NeedMore);
    EDGE_CHECK(parser.parse(second).event == Http1Parser::Event::Head);
  }
}
BENCHMARK(http1_in_two_pieces)->Name("parse/http1-in-two-pieces");

// What our own code does with the fields that nghttp2 has unpacked, and not looked at.
void http2_request(benchmark::State& state) {
  const std::string path = avatar_path(12345);
  Http2Request request;
  const auto read = [&] {
    request.clear();
    bool is_sound = request.add(":method", "GET", kLimits) && request.add(":scheme", "https", kLimits) &&
                    request.add(":authority", kHost, kLimits) && request.add(":path", path, kLimits);
    for (const auto& [name, value] : kBrowserFields) is_sound = is_sound && request.add(name, value, kLimits);
    EDGE_CHECK(is_sound && request.end_fields() && !request.complete());
  };
  read();
  const AllocationCounters counters(state);
  for (auto _ : state) read();
}
BENCHMARK(http2_request)->Name("parse/http2-request");

struct NoHandler final : Handler {
  std::unique_ptr<ExchangeTask> start(Exchange&) override { EDGE_CHECK(false); }
};

struct NoLines final : LineWriter {
  void write(std::string_view) override {}
  void reopen() override {}
};

// A connection to nobody. Its own protocol is asked nothing; it lends its exchange to a session of which we hear.
class Listened final : public Http2Observer {
 public:
  Http2Session& session() { return session_; }
  event::EventLoop& loop() { return loop_; }
  std::size_t heads() const { return heads_; }

  Http2Exchange& on_begin(std::int32_t id) override { return exchange_.begin(id, 0), exchange_; }
  void on_head(Http2Exchange&) override { ++heads_; }
  void on_body(Http2Exchange&, std::string_view) override {}
  void on_end(Http2Exchange&) override {}
  void on_answered(Http2Exchange&) override {}
  void on_closed(Http2Exchange&, Http2Error, bool) override {}
  void on_limit_reached(metrics::Limit) override { EDGE_CHECK(false); }
  void on_malformed() override { EDGE_CHECK(false); }
  void on_refused() override { EDGE_CHECK(false); }
  void on_ping_answered() override {}

 private:
  static net::Socket socket() {
    int ends[2];
    EDGE_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
    const net::Socket other(ends[1]);
    return net::Socket(ends[0]);
  }
  static Http2Options without_rates() {
    Http2Options options;
    options.resets_per_second_max = std::numeric_limits<std::uint32_t>::max();
    return options;
  }

  const SystemClock clock_;
  event::EventLoop loop_{clock_};
  metrics::WorkerMetrics metrics_;
  NoLines lines_;
  AccessLog log_{AccessLogMode::Off, lines_};
  NoHandler handler_;
  Server server_{loop_, ServerOptions{}, handler_, metrics_, log_};
  Connection connection_{server_, 0, socket(), nullptr, nullptr, net::Address(), {}};
  Http2Protocol protocol_{connection_};
  Http2Exchange exchange_{protocol_};
  const Http2Options options_ = without_rates();
  Http2Session session_{*this, options_, kLimits};
  std::size_t heads_ = 0;
};

// HEADERS, and RST_STREAM (13 bytes) so that the stream ends without an answer.
void http2_session(benchmark::State& state) {
  Listened listened;
  Http2Requests requests(1000);
  OutputQueue output;
  listened.session().receive(http2_preface(), listened.loop().now());
  listened.session().send(output, 1 << 20, listened.loop().now());
  std::string reset = http2_frame(Http2Frame::ResetStream, 0, 0, big_endian(NGHTTP2_CANCEL, 4));
  std::uint32_t stream = 1;
  const auto ask = [&] {
    listened.session().receive(requests.next(stream), listened.loop().now());
    put_stream(reset, stream);
    listened.session().receive(reset, listened.loop().now());
    stream += 2;
  };
  ask();  // The first brings all fields; later ones name them.
  const std::size_t before = listened.heads();
  {
    const AllocationCounters counters(state);
    for (auto _ : state) ask();
  }
  EDGE_CHECK(listened.heads() - before == static_cast<std::size_t>(state.iterations()));
}
BENCHMARK(http2_session)->Name("parse/http2-session");

}  // namespace
}  // namespace edge::bench
