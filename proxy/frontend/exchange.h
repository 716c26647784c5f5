// One request and its response, on any protocol. What stands between a connection, which knows bytes, and a handler,
// which knows what to answer.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/shared.h"
#include "event/event_loop.h"
#include "frontend/request_id.h"
#include "http/message.h"
#include "metrics/outcome.h"
#include "net/ip.h"

namespace edge::frontend {

// A whole answer, or the head of one that is streamed.
struct Response {
  std::uint16_t status = 200;
  // End-to-end field lines ("name: value\r\n", names in lower case). No content-length, connection or
  // transfer-encoding: those are the connection's to say.
  std::string_view fields{};
  std::string_view more_fields{};  // Further lines, made for this exchange.
  bool has_date = false;           // The lines have a Date; where they have none, one is added.
  std::string_view body{};
  // Keeps `body` and `fields` alive until they are sent, so that they are not copied. Null: they are copied.
  Ref<const Shared> owner{};
};

// Owned by its connection; a handler may use it until it has finished the response or its task is destroyed. Loop's
// thread only. No call on it ever calls back into the handler.
class Exchange {
 public:
  // The request. Views are valid until the response is finished.
  virtual const http::RequestHead& request() const = 0;
  virtual const net::Ip& client() const = 0;
  virtual std::string_view client_address() const = 0;  // The same as text; "uid 1000" of a UNIX socket's.
  // By which it is found again; that of a trusted proxy, where it gave one. Made when it is first asked for, and the
  // same until the response is finished, as are the views of a request.
  virtual RequestId request_id() = 0;
  // Whose certificate the client has shown, as net::Stream::peer_subject; empty: nobody's.
  virtual std::string client_subject() const = 0;
  virtual event::EventLoop& loop() = 0;

  // A response before the response, 102 to 199 (RFC 9110 section 15.2): `fields` as in Response. Nothing is sent to a
  // client of HTTP/1.0, to one that is slow in taking what it was sent, or once the response has started.
  virtual void send_interim(std::uint16_t status, std::string_view fields) = 0;

  // Answers whole. For HEAD, 204 and 304 the body is not sent; for HEAD its length is still declared.
  virtual void respond(const Response& response) = 0;

  // Answers in pieces: the head, any number of write(), then finish(), or abort() when the rest cannot be had: the
  // client then sees a broken message, never a short one that looks whole. `length`: of the body, where it is known.
  virtual void start_response(const Response& head, std::optional<std::uint64_t> length) = 0;
  // Copied, unless `owner` keeps it alive.
  virtual void write(std::string_view piece, Ref<const Shared> owner = {}) = 0;
  virtual void finish() = 0;
  virtual void abort() = 0;
  // Forgets what start_response and write were given, so that something else may be answered. False where the client
  // may have seen some of it: then there is only abort().
  virtual bool take_back() = 0;
  // True while the client is slower than the pieces written: stop writing until ExchangeTask::on_writable.
  virtual bool is_congested() const = 0;
  virtual bool has_response_started() const = 0;

  // The request body: whether one comes, and its length where it was declared.
  virtual bool has_body() const = 0;
  virtual std::optional<std::uint64_t> body_length() const = 0;
  // Lets the body come: pieces go to ExchangeTask::on_body until pause_body(). Sends 100 Continue where it is expected.
  virtual void read_body() = 0;
  virtual void pause_body() = 0;

  // For metrics and the access log. `detail` is copied.
  virtual void set_outcome(metrics::Outcome outcome, std::string_view detail = {}) = 0;

 protected:
  ~Exchange() = default;
};

// An answer that takes more than one turn. Owned by the exchange's connection, which destroys it when the response is
// finished, the client has gone or the connection is shut down; whatever it started is cancelled by its destructor.
class ExchangeTask {
 public:
  virtual ~ExchangeTask() = default;
  virtual void on_body(std::string_view /*piece*/) {}
  virtual void on_body_end() {}
  virtual void on_writable() {}
};

// Decides what is answered. One per listener and worker; outlives its connections.
class Handler {
 public:
  virtual ~Handler() = default;
  // Begins an exchange whose request head is complete. Either the response is finished on return and the result is
  // null, or the task goes on with it.
  virtual std::unique_ptr<ExchangeTask> start(Exchange& exchange) = 0;
};

}  // namespace edge::frontend
