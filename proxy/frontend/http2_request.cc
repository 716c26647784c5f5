#include "frontend/http2_request.h"

#include "base/text.h"

namespace edge::frontend {
namespace {

// A buffer larger than this is given back when the next request begins.
constexpr std::size_t kTextKept = 4096;

}  // namespace

void Http2Request::clear() {
  if (text_.capacity() > kTextKept) std::string().swap(text_);  // Assigning would keep the memory.
  text_.clear();
  method_ = target_ = authority_ = {};
  lines_.clear();
  header_bytes_ = 0;
  refusal_.reset();
  head_.fields.clear();
  head_.target = head_.method_name = {};
  cookie_.clear();
  body_length_.reset();
  expects_continue_ = false;
}

Http2Request::Span Http2Request::keep(std::string_view text) {
  const Span span{text_.size(), text.size()};
  text_ += text;
  return span;
}

void Http2Request::add(std::string_view name, std::string_view value, const RequestLimits& limits) {
  if (refusal_) return;
  if (name == ":path") {
    if (value.size() <= limits.target_bytes_max) {
      target_ = keep(value);
    } else {
      refusal_ = kTargetTooLong;
    }
    return;
  }
  header_bytes_ += name.size() + value.size();
  if (header_bytes_ > limits.header_bytes_max) {
    refusal_ = kFieldsTooLarge;
  } else if (name == ":method") {
    method_ = keep(value);
  } else if (name == ":authority") {
    authority_ = keep(value);
  } else if (name.starts_with(':')) {
    return;  // :scheme says nothing that we do not know.
  } else if (lines_.size() == limits.header_count_max) {
    refusal_ = kTooManyFields;
  } else {
    const Span kept = keep(name);
    lines_.push_back({kept, keep(value)});
  }
}

std::optional<Refusal> Http2Request::complete() {
  using http::FieldName;
  head_.method_name = view(method_);
  head_.method = http::find_method(head_.method_name);
  head_.target = view(target_);
  head_.version_major = 2;
  head_.version_minor = 0;
  if (refusal_) return refusal_;
  if (authority_.size != 0) head_.fields.add("host", view(authority_));
  for (const Line& line : lines_) {
    const std::string_view name = view(line.name);
    if (name != "host" || authority_.size == 0) {
      head_.fields.add(name, view(line.value));
    } else if (!equals_ignoring_case(view(line.value), view(authority_))) {
      // RFC 9113 section 8.3.1: :authority takes its place, and both must mean the same.
      return Refusal{400, "Host and :authority differ", {}};
    }
  }
  join_cookies();
  if (head_.method == http::Method::Connect) return kConnectNotServed;
  if (!head_.fields.single(FieldName::Host)) return kHostUnclear;
  if (const auto length = head_.fields.single(FieldName::ContentLength)) body_length_ = try_unsigned(*length);
  if (head_.fields.has(FieldName::Expect)) {
    if (!equals_ignoring_case(head_.fields.value(FieldName::Expect), "100-continue")) return kUnknownExpectation;
    expects_continue_ = true;
  }
  return std::nullopt;
}

void Http2Request::join_cookies() {
  std::size_t crumbs = 0;
  for (const http::Field& field : head_.fields) crumbs += field.id == http::FieldName::Cookie ? 1 : 0;
  if (crumbs < 2) return;
  http::Fields joined;
  for (const http::Field& field : head_.fields) {
    if (field.id != http::FieldName::Cookie) {
      joined.add(field);
    } else {
      cookie_.append(cookie_.empty() ? "" : "; ").append(field.value);
    }
  }
  joined.add("cookie", cookie_);
  head_.fields = std::move(joined);
}

}  // namespace edge::frontend
