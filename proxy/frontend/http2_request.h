// The head of a request out of the fields that HTTP/2 brings one by one (RFC 9113 section 8.3), and whether they are
// well-formed (section 8.1.1).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/http2_rules.h"
#include "frontend/refusal.h"
#include "http/message.h"

namespace edge::frontend {

// A member of its exchange; used again for the next one.
class Http2Request {
 public:
  void clear();
  // The next field; what is too much is counted and forgotten. False: it makes the request malformed.
  [[nodiscard]] bool add(std::string_view name, std::string_view value, const RequestLimits& limits);
  // All fields have come. False: the request is malformed.
  [[nodiscard]] bool end_fields() const;
  // The next field of the trailers, which is forgotten. False: it makes the request malformed.
  [[nodiscard]] bool add_trailer(std::string_view name, std::string_view value) const;
  // Of a well-formed one: makes head(), or says why not.
  std::optional<Refusal> complete();

  // As HTTP/1 would bring it: :authority stands as Host, crumbs of Cookie as one (RFC 9113 section 8.2.3). Views into
  // this, valid from complete() to clear().
  const http::RequestHead& head() const { return head_; }
  // As it was declared; known before complete().
  std::optional<std::uint64_t> body_length() const { return body_length_; }
  // What the client asks for, if it has.
  std::optional<Http2Priority> priority() const;
  bool expects_continue() const { return expects_continue_; }

 private:
  // Where a piece stands in text_, which may move while it grows.
  struct Span {
    std::size_t begin = 0, size = 0;
  };
  struct Line {
    http::FieldName id;
    Span name, value;
  };

  bool add_pseudo(std::string_view name, std::string_view value, const RequestLimits& limits);
  bool note_declared(http::FieldName id, std::string_view name, std::string_view value);
  bool fits(std::string_view name, std::string_view value, const RequestLimits& limits);
  bool has(PseudoField field) const { return (seen_ & 1u << static_cast<unsigned>(field)) != 0; }
  Span keep(std::string_view text);
  std::string_view view(Span span) const { return std::string_view(text_).substr(span.begin, span.size); }
  void join_cookies();

  // Whether it is well-formed.
  unsigned seen_ = 0;  // Of the pseudo-fields.
  bool has_fields_ = false;
  bool has_host_ = false;
  bool has_web_scheme_ = false;
  bool has_priority_ = false;

  std::string text_;
  Span method_, target_, authority_;
  std::vector<Line> lines_;
  std::size_t header_bytes_ = 0;
  std::optional<Refusal> refusal_;

  http::RequestHead head_;
  std::string cookie_;
  std::optional<std::uint64_t> body_length_;
  bool expects_continue_ = false;
};

}  // namespace edge::frontend
