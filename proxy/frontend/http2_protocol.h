// HTTP/2 on a connection (RFC 9113): many exchanges at once, each answered when its answer is there, in the order of
// their priorities (RFC 9218).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "frontend/connection.h"
#include "frontend/http2_exchange.h"
#include "frontend/http2_session.h"
#include "frontend/protocol.h"

namespace edge::frontend {

class Http2Protocol final : public Protocol, private Http2Observer {
 public:
  explicit Http2Protocol(Connection& connection);
  ~Http2Protocol() override;

  void on_bytes(std::string_view bytes) override;
  void resume() override;
  void prepare_output() override;
  void on_sent() override;
  bool wants_bytes() const override;
  std::optional<Deadline> deadline() const override;
  void on_deadline(metrics::Limit limit) override;
  bool is_busy() const override { return !exchanges_.empty(); }
  void drain() override;
  void cut_off() override;
  void on_closed(bool client_left) override;

  // For its exchanges.
  Connection& connection() { return connection_; }
  Server& server() { return server_; }
  Http2Session& session() { return session_; }
  // The body of this request may be handed on.
  void schedule_body(Http2Exchange& exchange);
  // When some body last went on its way to the socket.
  Instant body_moved_at() const { return body_moved_at_; }
  void note_body_moved(Instant now) { body_moved_at_ = now; }
  // Whether more waits for the client than is good.
  bool is_congested() const;

 private:
  // What has happened and is to be acted upon, when nghttp2 has returned.
  struct Note {
    enum Kind { Head, Body, Answered, Closed };
    Kind kind;
    Http2Exchange* exchange;
    std::int32_t id;  // Whose it was; the exchange may serve another by now.
    bool is_whole = true;
    bool by_client = false;
  };
  // In the order in which they happen.
  enum class End { NotYet, Announced, Said };

  Http2Exchange& on_begin(std::int32_t id) override;
  void on_head(Http2Exchange& exchange) override;
  void on_body(Http2Exchange& exchange, std::string_view piece) override;
  void on_end(Http2Exchange& exchange) override;
  void on_answered(Http2Exchange& exchange) override;
  void on_closed(Http2Exchange& exchange, Http2Error error, bool by_client) override;
  void on_limit_reached(metrics::Limit limit) override;
  void on_malformed() override;
  void on_refused() override;
  void on_ping_answered() override { ping_answered_ = true; }

  void act_on_notes();
  void begin(Http2Exchange& exchange);
  void report(Http2Exchange& exchange, bool is_whole, bool client_left);
  void release(Http2Exchange& exchange);
  void say_end();
  std::size_t output_high() const;
  void sweep();
  std::chrono::milliseconds sweep_pause() const;

  Connection& connection_;
  Server& server_;
  std::vector<Note> notes_;
  std::vector<std::unique_ptr<Http2Exchange>> exchanges_;  // Under way; each knows its place.
  std::vector<std::unique_ptr<Http2Exchange>> spare_;
  std::uint32_t requests_ = 0;

  End end_ = End::NotYet;
  Instant announced_at_{};
  bool ping_answered_ = false;

  Instant since_;  // When the last exchange ended, or the connection began.
  Instant body_moved_at_;
  Instant next_sweep_;  // While exchanges are under way.
  Http2Session session_;
};

}  // namespace edge::frontend
