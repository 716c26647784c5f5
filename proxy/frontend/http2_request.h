// The head of a request out of the fields that HTTP/2 brings one by one (RFC 9113 section 8.3).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/refusal.h"
#include "http/message.h"

namespace edge::frontend {

// A member of its exchange; used again for the next one.
class Http2Request {
 public:
  void clear();
  // The next field, pseudo-fields first; what is too much is counted and forgotten. nghttp2 has checked its characters,
  // and that pseudo-fields are neither missing nor repeated.
  void add(std::string_view name, std::string_view value, const RequestLimits& limits);
  // All fields have come: makes head(), or says why not.
  std::optional<Refusal> complete();

  // As HTTP/1 would bring it: :authority stands as Host, crumbs of Cookie as one (RFC 9113 section 8.2.3). Views into
  // this, valid from complete() to clear().
  const http::RequestHead& head() const { return head_; }
  std::optional<std::uint64_t> body_length() const { return body_length_; }
  bool expects_continue() const { return expects_continue_; }

 private:
  // Where a piece stands in text_, which may move while it grows.
  struct Span {
    std::size_t begin = 0, size = 0;
  };
  struct Line {
    Span name, value;
  };

  Span keep(std::string_view text);
  std::string_view view(Span span) const { return std::string_view(text_).substr(span.begin, span.size); }
  void join_cookies();

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
