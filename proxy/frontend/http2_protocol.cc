#include "frontend/http2_protocol.h"

#include <algorithm>

#include "base/check.h"
#include "frontend/server.h"

namespace edge::frontend {
namespace {

// A frame of a body as nghttp2 makes it at most.
constexpr std::size_t kFrameBytes = 9 + 16 * 1024;
// Answers to frames, and ends of requests, that wait behind that.
constexpr std::size_t kUnsentFramesMax = 1'000;
// Exchanges that are kept for the next requests.
constexpr std::size_t kSpareMax = 32;
// A client that does not answer a ping has heard of the end by then.
constexpr std::chrono::seconds kEndAnnounced{1};
// How often exchanges that take time are looked at.
constexpr std::chrono::milliseconds kSweepMin{10};
constexpr std::chrono::milliseconds kSweepMax{1'000};

}  // namespace

Http2Protocol::Http2Protocol(Connection& connection)
    : connection_(connection),
      server_(connection.server()),
      since_(server_.loop().now()),
      body_moved_at_(since_),
      next_sweep_(since_),
      session_(*this, server_.options().http2, server_.request_limits()) {
  if (server_.is_draining()) drain();
}

Http2Protocol::~Http2Protocol() = default;

// ---- Receiving ----

void Http2Protocol::on_bytes(std::string_view bytes) {
  session_.receive(bytes, server_.loop().now());
  act_on_notes();
}

Http2Exchange& Http2Protocol::on_begin(std::int32_t id) {
  if (exchanges_.empty()) next_sweep_ = server_.loop().now() + sweep_pause();
  if (spare_.empty()) {
    exchanges_.push_back(std::make_unique<Http2Exchange>(*this));
  } else {
    exchanges_.push_back(std::move(spare_.back()));
    spare_.pop_back();
  }
  exchanges_.back()->begin(id, exchanges_.size() - 1);
  return *exchanges_.back();
}

void Http2Protocol::on_head(Http2Exchange& exchange) { notes_.push_back({Note::Head, &exchange, exchange.id()}); }

void Http2Protocol::on_body(Http2Exchange& exchange, std::string_view piece) {
  exchange.note_body(piece);
  notes_.push_back({Note::Body, &exchange, exchange.id()});
}

void Http2Protocol::on_end(Http2Exchange& exchange) {
  exchange.note_end();
  notes_.push_back({Note::Body, &exchange, exchange.id()});
}

void Http2Protocol::on_answered(Http2Exchange& exchange) {
  exchange.note_answered();
  if (!exchange.has_request_ended()) notes_.push_back({Note::Answered, &exchange, exchange.id()});
}

void Http2Protocol::on_closed(Http2Exchange& exchange, Http2Error error, bool by_client) {
  exchange.note_closed();
  const bool is_whole = error == Http2Error::None && exchange.is_answered();
  notes_.push_back({Note::Closed, &exchange, exchange.id(), is_whole, by_client});
}

void Http2Protocol::on_limit_reached(metrics::Limit limit) { server_.metrics().limit_reached(limit); }

void Http2Protocol::on_malformed() { server_.metrics().malformed_requests.add(); }

void Http2Protocol::on_refused() { server_.metrics().limit_reached(metrics::Limit::Http2Streams); }

void Http2Protocol::act_on_notes() {
  // What is done about one may bring others.
  for (std::size_t i = 0; i < notes_.size(); ++i) {
    const Note note = notes_[i];
    if (note.exchange->id() != note.id) continue;
    switch (note.kind) {
      case Note::Head:
        begin(*note.exchange);
        break;
      case Note::Body:
        if (!note.exchange->is_closed()) note.exchange->deliver_body();
        break;
      case Note::Answered:
        // RFC 9113 section 8.1: the rest of the request is not wanted.
        session_.reset(note.id, Http2Error::None);
        break;
      case Note::Closed:
        report(*note.exchange, note.is_whole, note.by_client);
        release(*note.exchange);
        break;
    }
  }
  notes_.clear();
  if (end_ == End::Announced && ping_answered_) say_end();
}

void Http2Protocol::begin(Http2Exchange& exchange) {
  ++requests_;
  const std::uint32_t max = server_.options().requests_per_connection_max;
  if (max != 0 && requests_ == max) {
    server_.metrics().limit_reached(metrics::Limit::RequestsPerConnection);
    drain();
  }
  exchange.start();
}

void Http2Protocol::schedule_body(Http2Exchange& exchange) {
  notes_.push_back({Note::Body, &exchange, exchange.id()});
  connection_.schedule();
}

// Of what had no head that we could read there is nothing to tell.
void Http2Protocol::report(Http2Exchange& exchange, bool is_whole, bool client_left) {
  if (!exchange.has_started()) return;
  if (client_left) server_.metrics().client_aborts.add();
  exchange.record().report(connection_, exchange.request(), is_whole);
}

void Http2Protocol::release(Http2Exchange& exchange) {
  // The window that unread bytes have taken is the connection's.
  session_.consume(exchange.id(), exchange.release());
  const std::size_t place = exchange.place();
  std::unique_ptr<Http2Exchange> released = std::move(exchanges_[place]);
  if (place + 1 != exchanges_.size()) {
    exchanges_[place] = std::move(exchanges_.back());
    exchanges_[place]->set_place(place);
  }
  exchanges_.pop_back();
  since_ = server_.loop().now();
  if (released->is_reusable() && spare_.size() < kSpareMax) {
    spare_.push_back(std::move(released));
  } else {
    server_.loop().destroy_later(std::move(released));
  }
}

// ---- Sending ----

// So much is made of frames before the socket has taken it, and the rest of the last: as much as one write takes, for a
// rest of a few bytes would cost a write of its own, and no more, for what is more urgent waits behind it.
std::size_t Http2Protocol::output_high() const { return connection_.write_bytes_max() - kFrameBytes; }

void Http2Protocol::resume() { act_on_notes(); }

void Http2Protocol::prepare_output() {
  OutputQueue& output = connection_.output();
  if (output.size() < output_high() && session_.has_to_send()) {
    session_.send(output, output_high(), server_.loop().now());
  }
  act_on_notes();
  if (session_.is_over()) connection_.end();
}

void Http2Protocol::on_sent() {
  for (std::size_t i = exchanges_.size(); i > 0; --i)
    if (exchanges_[i - 1]->take_writable()) exchanges_[i - 1]->on_writable();
  // While output waits for the client, the connection asks for no deadline of ours.
  if (!exchanges_.empty() && server_.loop().now() >= next_sweep_) sweep();
  if (connection_.output().empty() && session_.has_to_send()) connection_.schedule();
}

bool Http2Protocol::is_congested() const { return connection_.output().size() >= output_high(); }

// Frames ask for answers; a client that takes none of them is to send none.
bool Http2Protocol::wants_bytes() const { return !is_congested() || session_.unsent_frames() < kUnsentFramesMax; }

// ---- What goes on in between ----

std::chrono::milliseconds Http2Protocol::sweep_pause() const {
  const ServerOptions& options = server_.options();
  const auto shortest = std::min({options.header_timeout, options.body_timeout, options.write_timeout});
  return std::clamp(shortest / 4, kSweepMin, kSweepMax);
}

std::optional<Deadline> Http2Protocol::deadline() const {
  const ServerOptions& options = server_.options();
  if (end_ == End::Announced) return Deadline{announced_at_ + kEndAnnounced, metrics::Limit::IdleTimeout};
  if (!exchanges_.empty()) return Deadline{next_sweep_, metrics::Limit::IdleTimeout};
  // Who has just connected owes a request; who was served may rest.
  return Deadline{since_ + (requests_ == 0 ? options.header_timeout : options.idle_timeout),
                  metrics::Limit::IdleTimeout};
}

void Http2Protocol::on_deadline(metrics::Limit limit) {
  if (end_ == End::Announced) return say_end();
  if (!exchanges_.empty()) return sweep();
  server_.metrics().limit_reached(limit);
  session_.terminate(Http2Error::None);
}

void Http2Protocol::sweep() {
  const Instant now = server_.loop().now();
  next_sweep_ = now + sweep_pause();
  for (std::size_t i = exchanges_.size(); i > 0; --i) exchanges_[i - 1]->check_deadlines(now);
  const bool is_late =
      std::ranges::any_of(exchanges_, [&](const auto& exchange) { return exchange->is_head_late(now); });
  if (!is_late) return;
  // In the middle of a head there is no way to end the one request alone.
  server_.metrics().limit_reached(metrics::Limit::HeaderTimeout);
  session_.terminate(Http2Error::None);
}

void Http2Protocol::drain() {
  if (end_ != End::NotYet) return;
  end_ = End::Announced;
  announced_at_ = server_.loop().now();
  session_.announce_end();
}

void Http2Protocol::say_end() {
  end_ = End::Said;
  session_.end();
  connection_.schedule();
}

// A stream that only ended with the connection would look like a broken network.
void Http2Protocol::cut_off() {
  for (const auto& exchange : exchanges_) session_.reset(exchange->id(), Http2Error::Cancel);
  if (end_ != End::Said) session_.end();
  session_.send(connection_.output(), output_high() + connection_.output().size(), server_.loop().now());
}

void Http2Protocol::on_closed(bool client_left) {
  while (!exchanges_.empty()) {
    report(*exchanges_.back(), false, client_left);
    release(*exchanges_.back());
  }
  notes_.clear();
}

}  // namespace edge::frontend
