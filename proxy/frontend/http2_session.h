// nghttp2, wrapped: bytes in, notes out; answers in, bytes out. No socket, no clock.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/handle.h"
#include "frontend/http2_frame_rates.h"
#include "frontend/http2_options.h"
#include "frontend/http2_priorities.h"
#include "frontend/output_queue.h"
#include "frontend/refusal.h"

namespace edge::frontend {

using Http2Handle = CHandle<nghttp2_session, nghttp2_session_del>;

class Http2Exchange;

// RFC 9113 section 7.
enum class Http2Error : std::uint32_t {
  None = 0,
  Protocol = 1,
  Internal = 2,
  FlowControl = 3,
  StreamClosed = 5,
  FrameSize = 6,
  Cancel = 8,
  EnhanceYourCalm = 11,
};

// The head of a response as HTTP/2 carries it. Field lines as in Response.
struct Http2Head {
  std::uint16_t status = 200;
  std::string_view fields{};
  std::string_view more_fields{};
  std::string_view date{};  // A value, or empty when the fields have one.
  std::optional<std::uint64_t> content_length{};
  bool keeps_fields = false;  // `fields` stay where they are until the head is sent, or the stream is closed.
};

// Who is told, in the middle of receive() or send(), and takes notes of it without acting.
class Http2Observer {
 public:
  // A new request: whose fields follow.
  virtual Http2Exchange& on_begin(std::int32_t id) = 0;
  virtual void on_head(Http2Exchange& exchange) = 0;
  virtual void on_body(Http2Exchange& exchange, std::string_view piece) = 0;
  virtual void on_end(Http2Exchange& exchange) = 0;
  // The whole answer is on its way.
  virtual void on_answered(Http2Exchange& exchange) = 0;
  // Nothing more will be told of it. `by_client`: it was the client that broke it off.
  virtual void on_closed(Http2Exchange& exchange, Http2Error error, bool by_client) = 0;
  // It sends more than it may, and the connection ends.
  virtual void on_limit_reached(metrics::Limit limit) = 0;
  // The client broke the protocol, in a request or altogether.
  virtual void on_malformed() = 0;
  // More requests at once than may be made; what becomes of it, nghttp2 decides.
  virtual void on_refused() = 0;
  virtual void on_ping_answered() = 0;

 protected:
  ~Http2Observer() = default;
};

// Owned by its protocol.
class Http2Session {
 public:
  // All must outlive it.
  Http2Session(Http2Observer& observer, const Http2Options& options, const RequestLimits& limits);
  Http2Session(const Http2Session&) = delete;
  Http2Session& operator=(const Http2Session&) = delete;

  // What the client sent. Where it breaks the protocol or reaches a limit, send() has the reason for the client and
  // is_over() follows.
  void receive(std::string_view bytes, Instant now);
  // Appends what there is to send, until `out` has `bytes_max` and a frame's rest.
  void send(OutputQueue& out, std::size_t bytes_max, Instant now);
  // Frames that wait for it, but those of bodies.
  std::size_t unsent_frames() const { return nghttp2_session_get_outbound_queue_size(session_.get()); }
  bool has_to_send() const { return nghttp2_session_want_write(session_.get()) != 0; }
  // Neither has anything to send nor wants anything more.
  bool is_over() const { return !has_to_send() && nghttp2_session_want_read(session_.get()) == 0; }

  // A response before the response.
  void send_interim(std::int32_t id, std::uint16_t status, std::string_view fields);
  // The head of the answer. `body`: whose body follows it, as Http2Exchange::offer says; null: none does.
  void respond(std::int32_t id, const Http2Head& head, Http2Exchange* body);
  // It has more to offer, or nothing more.
  void resume_body(std::int32_t id);
  void reset(std::int32_t id, Http2Error error);
  // Whether the client lets nothing more of that body come.
  bool is_window_shut(std::int32_t id) const {
    return nghttp2_session_get_stream_remote_window_size(session_.get(), id) <= 0;
  }
  // Lets the client send so much more of the body.
  void consume(std::int32_t id, std::size_t bytes);

  // RFC 9113 section 6.8, in two steps: that the end is near, and a ping to know when the client has heard it; then
  // the last request that is answered.
  void announce_end();
  void end();
  // At once.
  void terminate(Http2Error error);

 private:
  static nghttp2_session_callbacks* callbacks();
  static Http2Session& self(void* user_data) { return *static_cast<Http2Session*>(user_data); }
  Http2Exchange* find(std::int32_t id);
  void submit_settings(const Http2Options& options, const RequestLimits& limits);
  void append(std::string_view name, std::string_view value, std::uint8_t flags = NGHTTP2_NV_FLAG_NONE);
  void append_lines(std::string_view lines, std::uint8_t flags = NGHTTP2_NV_FLAG_NONE);

  int on_begin_frame(const nghttp2_frame_hd& head);
  int on_begin_headers(const nghttp2_frame& frame);
  int on_header(const nghttp2_frame& frame, std::string_view name, std::string_view value);
  void on_frame(const nghttp2_frame& frame);
  int on_invalid_frame(const nghttp2_frame& frame, int error);
  void on_data(std::int32_t id, std::string_view piece);
  void on_sent(const nghttp2_frame& frame);
  int send_data(std::string_view head, Http2Exchange& exchange, std::size_t bytes);
  bool count(Http2FrameRates::Kind kind);
  bool reach(metrics::Limit limit);
  void on_reset_sent(std::uint32_t error);
  void on_priority_update(const nghttp2_frame& frame);
  void prioritize(const Http2Exchange& exchange);
  void prioritize(std::int32_t id, const Http2Priority& priority);
  void end_malformed(Http2Error error);
  void on_malformed(Http2Exchange& exchange);
  void on_stream_close(std::int32_t id, std::uint32_t error);

  Http2Observer& observer_;
  const Http2Options& options_;
  const RequestLimits& limits_;
  Http2FrameRates rates_;
  std::uint32_t requests_under_way_ = 0;
  std::uint32_t continuations_ = 0;  // Of the request whose head is coming.
  Instant now_{};
  bool has_reached_limit_ = false;
  std::string priority_update_;  // The payload of the frame that is coming, as far as it can be of use.
  Http2Priorities priorities_;
  std::size_t head_bytes_ = 0;        // Of the head, or the trailers, that is coming, decoded.
  std::int32_t reset_by_client_ = 0;  // The stream that a frame of the client's is about to close.
  Http2Exchange* last_ = nullptr;     // Of the last stream that something happened to, unless that was its end.
  OutputQueue* out_ = nullptr;        // During send(),
  std::size_t out_bytes_max_ = 0;     // and how far.
  std::vector<nghttp2_nv> fields_;    // Of the head that is being submitted.
  Http2Handle session_;
};

}  // namespace edge::frontend
