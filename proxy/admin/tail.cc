#include "admin/tail.h"

#include <algorithm>
#include <string>

#include "admin/answers.h"
#include "admin/audit.h"
#include "admin/record_filter.h"
#include "admin/tail_queue.h"
#include "base/text.h"
#include "event/timer.h"
#include "http/percent.h"

namespace edge::admin {
namespace {

using std::chrono::milliseconds;

// Records gather for so long, so that main's thread is woken seldom however many there are.
constexpr milliseconds kGather{20};
// After so long without a record an empty line tells the reader that we are still here.
constexpr milliseconds kSilence{5'000};

// What the threads of exchanges share with a reader, which may have gone.
struct Tap {
  Tap(RecordFilter what, event::EventLoop& of_reader, TailReader& whose)
      : filter(std::move(what)), loop(of_reader), reader(&whose) {}

  const RecordFilter filter;
  TailQueue queue;
  event::EventLoop& loop;  // Outlives the workers.
  TailReader* reader;      // Loop's thread only; null when it has gone.
};

void wake(const std::shared_ptr<Tap>& tap);

// Immutable, but for the queues.
class Taps final : public frontend::AccessListener {
 public:
  explicit Taps(std::vector<std::shared_ptr<Tap>> taps) : taps_(std::move(taps)) {}
  void on_exchange(frontend::AccessLine& line) const override {
    for (const auto& tap : taps_)
      if (tap->filter.admits(line.record()) && tap->queue.put(line.text())) wake(tap);
  }

 private:
  const std::vector<std::shared_ptr<Tap>> taps_;
};

Result<std::string> parse_filter_text(std::string_view query) {
  constexpr std::string_view kName = "filter=";
  std::string scratch;
  if (query.empty()) return scratch;
  if (!query.starts_with(kName) || query.find('&') != std::string_view::npos)
    return fail(ErrorCode::Malformed, "the query may only be filter=..., percent-encoded, as ?filter=status%3E=500");
  return std::string(http::percent_decoded(query.substr(kName.size()), scratch));
}

}  // namespace

// One answer that goes on. Owned by its exchange.
class TailReader final : public frontend::ExchangeTask {
 public:
  TailReader(Tails& tails, frontend::Exchange& exchange, RecordFilter filter)
      : tails_(tails),
        exchange_(exchange),
        tap_(std::make_shared<Tap>(std::move(filter), exchange.loop(), *this)),
        gather_(exchange.loop(), [this] { send(); }),
        silence_(exchange.loop(), [this] { send_sign(); }) {
    tails_.add(*this);
    exchange_.set_outcome(metrics::Outcome::Local);
    exchange_.start_response({.fields = "content-type: application/x-ndjson\r\ncache-control: no-store\r\n"}, {});
    silence_.arm(kSilence);
  }
  ~TailReader() override {
    tap_->reader = nullptr;
    tails_.remove(*this);
  }
  TailReader(const TailReader&) = delete;
  TailReader& operator=(const TailReader&) = delete;

  const std::shared_ptr<Tap>& tap() const { return tap_; }

  void on_waiting() {
    if (!gather_.is_armed()) gather_.arm(kGather);
  }
  void on_writable() override { send(); }

  void end(std::string_view why) {
    send();
    // Nothing of ours may get into whatever this connection answers next.
    gather_.disarm();
    silence_.disarm();
    tap_->reader = nullptr;
    exchange_.write(std::string(R"({"tail":"end","why":")").append(why).append("\"}\n"));
    exchange_.finish();
  }

 private:
  // What a slow reader does not take stays in the queue, which drops what comes when it is full.
  void send() {
    if (exchange_.is_congested()) return;
    TailQueue::Taken taken = tap_->queue.take();
    if (taken.dropped > 0) {
      tails_.metrics_.tail_records_dropped.add(taken.dropped);
      append_unsigned(taken.lines += R"({"tail":"dropped","records":)", taken.dropped);
      taken.lines += "}\n";
    }
    if (taken.lines.empty()) return;
    exchange_.write(taken.lines);
    silence_.arm(kSilence);
  }

  void send_sign() {
    if (!exchange_.is_congested()) exchange_.write("\n");
    silence_.arm(kSilence);
  }

  Tails& tails_;
  frontend::Exchange& exchange_;
  const std::shared_ptr<Tap> tap_;
  event::Timer gather_;
  event::Timer silence_;
};

namespace {

void wake(const std::shared_ptr<Tap>& tap) {
  tap->loop.post([tap] {
    if (tap->reader) tap->reader->on_waiting();
  });
}

}  // namespace

std::unique_ptr<frontend::ExchangeTask> Tails::start(frontend::Exchange& exchange, std::string_view query,
                                                     const serving::Routes& routes) {
  const auto text = parse_filter_text(query);
  if (!text) return answer_error(exchange, 400, text.error().message), nullptr;
  auto filter = parse_record_filter(*text, routes);
  if (!filter) return answer_error(exchange, 400, filter.error().message), nullptr;
  // It would have no end, and nothing before it.
  if (exchange.request().method == http::Method::Head)
    return answer(exchange, 200, "application/x-ndjson", {}), nullptr;
  if (readers_.size() >= kReadersMax) {
    metrics_.limit_reached(metrics::Limit::Tails);
    return answer_error(exchange, 503, std::to_string(kReadersMax) + " others follow the records already"), nullptr;
  }
  audit(exchange, "admin.tail", text->empty() ? "every record" : *text);
  return std::make_unique<TailReader>(*this, exchange, *std::move(filter));
}

void Tails::end_all(std::string_view why) {
  // What has ended is freed when the turn is over, and leaves the list then.
  for (TailReader* const reader : std::vector<TailReader*>(readers_)) reader->end(why);
}

void Tails::add(TailReader& reader) {
  readers_.push_back(&reader);
  tell_log();
}

void Tails::remove(TailReader& reader) {
  std::erase(readers_, &reader);
  tell_log();
}

void Tails::tell_log() {
  metrics_.tail_readers.set(readers_.size());
  if (readers_.empty()) return log_.set_listener(frontend::AccessLog::Hears::Tails, nullptr);
  std::vector<std::shared_ptr<Tap>> taps;
  for (const TailReader* const reader : readers_) taps.push_back(reader->tap());
  log_.set_listener(frontend::AccessLog::Hears::Tails, std::make_shared<const Taps>(std::move(taps)));
}

}  // namespace edge::admin
