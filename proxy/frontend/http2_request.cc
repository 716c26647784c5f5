#include "frontend/http2_request.h"

#include <utility>

#include "base/text.h"

namespace edge::frontend {
namespace {

// A buffer larger than this is given back when the next request begins.
constexpr std::size_t kTextKept = 4096;

}  // namespace

void Http2Request::clear() {
  seen_ = 0;
  has_fields_ = has_host_ = has_web_scheme_ = has_priority_ = false;
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

bool Http2Request::add(std::string_view name, std::string_view value, const RequestLimits& limits) {
  if (name.starts_with(':')) return add_pseudo(name, value, limits);
  has_fields_ = true;
  const http::FieldName id = http::find_field_name(name);
  if (!is_sound_field(id, name, value) || !note_declared(id, name, value)) return false;
  if (!fits(name, value, limits)) return true;
  if (lines_.size() == limits.header_count_max) {
    refusal_ = kTooManyFields;
  } else {
    const Span kept = keep(name);
    lines_.push_back({id, kept, keep(value)});
  }
  return true;
}

bool Http2Request::add_pseudo(std::string_view name, std::string_view value, const RequestLimits& limits) {
  const auto field = find_pseudo_field(name);
  // RFC 9113 section 8.3: before all others, and not twice.
  if (!field || has_fields_ || has(*field) || !is_pseudo_field_value(*field, value)) return false;
  seen_ |= 1u << static_cast<unsigned>(*field);
  switch (*field) {
    case PseudoField::Path:
      if (value.size() > limits.target_bytes_max) {
        if (!refusal_) refusal_ = kTargetTooLong;
      } else if (!refusal_) {
        target_ = keep(value);
      }
      break;
    case PseudoField::Method:
      if (fits(name, value, limits)) method_ = keep(value);
      break;
    case PseudoField::Authority:
      if (fits(name, value, limits)) authority_ = keep(value);
      break;
    case PseudoField::Scheme:
      // It says nothing else that we do not know.
      has_web_scheme_ = equals_ignoring_case(value, "http") || equals_ignoring_case(value, "https");
      fits(name, value, limits);
      break;
  }
  return true;
}

// What the field says of the whole request. False where that contradicts what another has said.
bool Http2Request::note_declared(http::FieldName id, std::string_view name, std::string_view value) {
  switch (id) {
    case http::FieldName::Host:
      return !std::exchange(has_host_, true);
    case http::FieldName::ContentLength: {
      const bool is_first = !body_length_;
      body_length_ = try_unsigned(value);
      return is_first && body_length_;
    }
    case http::FieldName::Other:
      if (name == "priority") has_priority_ = true;
      return true;
    default:
      return true;
  }
}

// Counts it; false where nothing more is kept.
bool Http2Request::fits(std::string_view name, std::string_view value, const RequestLimits& limits) {
  if (refusal_) return false;
  header_bytes_ += name.size() + value.size();
  if (header_bytes_ <= limits.header_bytes_max) return true;
  refusal_ = kFieldsTooLarge;
  return false;
}

// Read once for all of its lines, and not of a request that is too large as it is.
std::optional<Http2Priority> Http2Request::priority() const {
  if (!has_priority_ || refusal_) return std::nullopt;
  std::string all;
  for (const Line& line : lines_) {
    if (view(line.name) != "priority") continue;
    if (!all.empty()) all += ", ";
    all += view(line.value);
    if (all.size() > kPriorityBytesMax) return std::nullopt;
  }
  return try_priority(all);
}

// RFC 9113 section 8.3.1, and section 8.5 of CONNECT.
bool Http2Request::end_fields() const {
  if (!has(PseudoField::Method)) return false;
  const std::string_view method = view(method_);
  if (method == "CONNECT") return has(PseudoField::Authority) && !has(PseudoField::Scheme) && !has(PseudoField::Path);
  if (!has(PseudoField::Scheme) || !has(PseudoField::Path)) return false;
  if (!has(PseudoField::Authority) && !has_host_) return false;
  const std::string_view target = view(target_);
  // One that was too long is not kept.
  if (!has_web_scheme_ || target_.size == 0) return true;
  return target.starts_with('/') || (target == "*" && method == "OPTIONS");
}

// RFC 9110 section 6.5.1: nothing that belongs into the head.
bool Http2Request::add_trailer(std::string_view name, std::string_view value) const {
  const http::FieldName id = http::find_field_name(name);
  return is_sound_field(id, name, value) && id != http::FieldName::Host && id != http::FieldName::ContentLength;
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
    if (line.id != FieldName::Host || authority_.size == 0) {
      head_.fields.add({line.id, view(line.name), view(line.value)});
    } else if (!equals_ignoring_case(view(line.value), view(authority_))) {
      // RFC 9113 section 8.3.1: :authority takes its place, and both must mean the same.
      return Refusal{400, "Host and :authority differ", {}};
    }
  }
  join_cookies();
  if (head_.method == http::Method::Connect) return kConnectNotServed;
  if (head_.fields.has(FieldName::Expect)) {
    if (!equals_ignoring_case(head_.fields.value(FieldName::Expect), "100-continue")) return kUnknownExpectation;
    expects_continue_ = true;
  }
  return std::nullopt;
}

void Http2Request::join_cookies() {
  if (!head_.fields.has(http::FieldName::Cookie)) return;
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
