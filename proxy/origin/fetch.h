// One HTTP request to the origin.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "http/message.h"
#include "http/proxy_error.h"

namespace edge::origin {

struct FetchRequest {
  std::string method = "GET";
  std::string target{};       // Path and query, as they go on the wire.
  std::string field_lines{};  // "name: value\r\n"; without host, content-length and hop-by-hop fields.
  bool has_body = false;
  std::optional<std::uint64_t> body_length{};  // Absent with has_body: sent chunked.
  // A GET without a body may share a connection with others, where the origin speaks HTTP/2. What of that cannot be
  // used is asked for once more, over a connection of its own, so that interim responses may come twice.
  bool may_share_connection = false;
};

struct FetchError {
  http::ProxyError error = http::ProxyError::ProxyInternalError;
  std::string detail;             // For the log and Proxy-Status details; one phrase.
  bool may_have_arrived = false;  // False only when the origin cannot have seen the whole request.
  // How long it will be until the origin is asked again, where that is known.
  std::optional<std::chrono::seconds> retry_after{};
};

// What to do with the body of the response whose head has just come.
enum class BodyMode {
  Collect,  // Keep it; it is taken as a whole with take_body() at the end.
  Stream,   // Hand over each turn what has come.
};

// Called on the loop's thread, never from inside a call on the fetch, at most one of on_end and on_error, once.
class FetchObserver {
 public:
  // A 1xx head, but 100 and 101, before the final one; a handful at most. Views are valid during the call.
  virtual void on_interim(const http::ResponseHead& /*head*/) {}
  // The final head. Views are valid during the call; hop-by-hop fields are still in it.
  virtual BodyMode on_head(const http::ResponseHead& head) = 0;
  virtual void on_body(std::string_view piece) = 0;
  // While collecting: each turn, what there is of the body so far. Its bytes stay where they are while there is room
  // for all of them, so that they may be shared before they are taken.
  virtual void on_collected(const Bytes& /*so_far*/) {}
  // While collecting: the body has outgrown `collect_max`. Answers what to do now: Stream hands over what was collected
  // with the next on_body. (Or the observer destroys the fetch.)
  virtual BodyMode on_collect_overflow() = 0;
  virtual void on_end() = 0;
  virtual void on_error(const FetchError& error) = 0;
  // The origin has taken what send_body() was given; more may be sent.
  virtual void on_upload_drained() {}

 protected:
  ~FetchObserver() = default;
};

// In flight while it lives; destroying it cancels the request (also from inside an observer's callback) and the
// observer hears no more. Loop's thread only.
class Fetch {
 public:
  virtual ~Fetch() = default;
  // Hands the fetch to another observer, for what comes from now on.
  virtual void set_observer(FetchObserver& observer) = 0;
  // Back-pressure: no on_body while paused; the connection to the origin fills up.
  virtual void pause() = 0;
  virtual void resume() = 0;
  // What was collected; empty afterwards.
  virtual Bytes take_body() = 0;

  // The request body, in order. Not to be called while is_upload_congested(), except for one piece.
  virtual void send_body(std::string_view piece) = 0;
  virtual void end_body() = 0;
  virtual bool is_upload_congested() const = 0;
};

}  // namespace edge::origin
