// What is spoken on a connection: HTTP/1 or HTTP/2. It turns bytes into exchanges and their answers into bytes; the
// connection moves the bytes.
#pragma once

#include <optional>
#include <string_view>

#include "base/clock.h"
#include "metrics/outcome.h"

namespace edge::frontend {

// When something is over that must not last, and which limit that is.
struct Deadline {
  Instant at;
  metrics::Limit limit;
};

// Owned by its connection, which it may ask to end or close at any time; that takes effect when the call is over.
// Loop's thread only.
class Protocol {
 public:
  virtual ~Protocol() = default;

  // What the client sent, all of it; what cannot be acted upon yet is copied.
  virtual void on_bytes(std::string_view bytes) = 0;
  // The connection had been asked to schedule it: something has moved.
  virtual void resume() = 0;
  // About to send: whatever there is belongs into the connection's output now.
  virtual void prepare_output() = 0;
  // Has sent what the socket took.
  virtual void on_sent() = 0;
  // False while what has come must be dealt with first.
  virtual bool wants_bytes() const = 0;
  // Asked after anything that happened, unless output waits for the client.
  virtual std::optional<Deadline> deadline() const = 0;
  virtual void on_deadline(metrics::Limit limit) = 0;
  // Whether an exchange is under way.
  virtual bool is_busy() const = 0;
  // To finish what is begun, then to end the connection.
  virtual void drain() = 0;
  // The connection is about to be closed whatever is under way: the last words, into its output.
  virtual void cut_off() = 0;
  // The connection is closed: exchanges under way are over. Called once.
  virtual void on_closed(bool client_left) = 0;
};

}  // namespace edge::frontend
