// Requests of HTTP/1.0 and 1.1 out of bytes (RFC 9112), over llhttp. No socket, no clock.
//
// llhttp's callbacks only take notes; parse() returns after each thing worth acting on.
#pragma once

#include <llhttp.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/refusal.h"
#include "http/message.h"

namespace edge::frontend {

// Owned by its connection.
class Http1Parser {
 public:
  enum class Event {
    NeedMore,  // All bytes are taken in.
    Head,      // head() is complete and sound. With !has_body() the request is complete as well.
    Body,      // body_piece() has come.
    End,       // The request that has a body is complete.
    Refused,   // refusal() says why; nothing more can be parsed on this connection.
  };
  struct Progress {
    Event event;
    std::size_t consumed;  // Of the bytes given.
  };

  // True when parse() has something to say even without further bytes: the end of a body that has just come.
  bool may_have_more() const { return event_ == Event::Body; }

  // `limits` must outlive the parser and may change between requests.
  explicit Http1Parser(const RequestLimits& limits);
  Http1Parser(const Http1Parser&) = delete;
  Http1Parser& operator=(const Http1Parser&) = delete;

  // Parses up to the next event. Any split of the bytes gives the same events, bodies apart, which come as they are
  // split. After the end of a request the next call begins the next one. After a Body that took all bytes the next call
  // may be given none: the End may be all that is left.
  Progress parse(std::string_view bytes);

  // Valid from Head until the call of parse() that begins the next request.
  const http::RequestHead& head() const { return head_; }
  bool has_body() const { return has_body_; }
  std::optional<std::uint64_t> body_length() const { return body_length_; }
  bool expects_continue() const { return expects_continue_; }
  // What the client wishes (RFC 9112 section 9.3).
  bool wants_keep_alive() const { return wants_keep_alive_; }
  // True between the first byte of a head and its end.
  bool is_inside_head() const { return inside_head_; }

  std::string_view body_piece() const { return body_piece_; }
  const Refusal& refusal() const { return refusal_; }

 private:
  // Where a field stands in text_; views are made when the head is complete and text_ grows no more.
  struct Span {
    std::size_t name_begin, name_end, value_begin, value_end;
  };

  static const llhttp_settings_t* settings();
  static Http1Parser& self(llhttp_t* parser) { return *static_cast<Http1Parser*>(parser->data); }

  void begin_request();
  int on_target(std::string_view piece);
  int on_field_name(std::string_view piece);
  int on_field_value(std::string_view piece);
  int pass_over_trailer(std::string_view piece);
  bool is_folded(std::string_view piece);
  int on_head_complete();
  int refuse(Refusal refusal);
  void make_views();
  bool is_head_sound();
  void note_syntax_error();

  const RequestLimits& limits_;
  llhttp_t llhttp_;

  bool between_requests_ = true;
  bool inside_head_ = false;
  bool field_open_ = false;
  std::string_view input_;          // What parse() was given.
  std::uint64_t input_number_ = 0;  // Counts the calls of parse().
  std::uint64_t value_input_ = 0;   // In which of them the open field's value reached the end of the input.
  bool value_begun_ = false;
  std::string text_;  // Target and fields of the current head, one after the other.
  std::size_t target_end_ = 0;
  std::size_t trailer_bytes_ = 0;
  std::vector<Span> spans_;

  http::RequestHead head_;
  bool has_body_ = false;
  bool expects_continue_ = false;
  bool wants_keep_alive_ = false;
  std::optional<std::uint64_t> body_length_;

  Event event_ = Event::NeedMore;
  std::string_view body_piece_;
  Refusal refusal_;
};

}  // namespace edge::frontend
