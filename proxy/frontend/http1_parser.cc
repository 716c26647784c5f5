#include "frontend/http1_parser.h"

#include "base/text.h"
#include "http/characters.h"

namespace edge::frontend {
namespace {

// A head buffer larger than this is given back when the next request begins.
constexpr std::size_t kTextKept = 4096;

}  // namespace

Http1Parser::Http1Parser(const RequestLimits& limits) : limits_(limits) {
  llhttp_init(&llhttp_, HTTP_REQUEST, settings());
  llhttp_.data = this;
}

Http1Parser::Progress Http1Parser::parse(std::string_view bytes) {
  if (event_ == Event::Refused) return {Event::Refused, 0};
  if (between_requests_) begin_request();
  event_ = Event::NeedMore;
  body_piece_ = {};
  input_ = bytes;
  ++input_number_;
  const llhttp_errno_t error = llhttp_execute(&llhttp_, bytes.data(), bytes.size());
  if (error == HPE_OK) return {event_, bytes.size()};
  if (error == HPE_PAUSED) {
    const auto consumed = static_cast<std::size_t>(llhttp_get_error_pos(&llhttp_) - bytes.data());
    llhttp_resume(&llhttp_);
    return {event_, consumed};
  }
  if (event_ != Event::Refused) note_syntax_error();
  return {event_, 0};
}

const llhttp_settings_t* Http1Parser::settings() {
  static const llhttp_settings_t settings = [] {
    llhttp_settings_t s;
    llhttp_settings_init(&s);
    s.on_url = [](llhttp_t* p, const char* at, std::size_t n) { return self(p).on_target({at, n}); };
    s.on_header_field = [](llhttp_t* p, const char* at, std::size_t n) { return self(p).on_field_name({at, n}); };
    s.on_header_value = [](llhttp_t* p, const char* at, std::size_t n) { return self(p).on_field_value({at, n}); };
    s.on_header_value_complete = [](llhttp_t* p) {
      self(p).field_open_ = false;
      return 0;
    };
    s.on_headers_complete = [](llhttp_t* p) { return self(p).on_head_complete(); };
    s.on_body = [](llhttp_t* p, const char* at, std::size_t n) -> int {
      if (n == 0) return 0;  // llhttp says so when it is asked again and nothing has come.
      self(p).event_ = Event::Body;
      self(p).body_piece_ = {at, n};
      return HPE_PAUSED;
    };
    s.on_message_complete = [](llhttp_t* p) -> int {
      self(p).between_requests_ = true;
      self(p).event_ = self(p).has_body_ ? Event::End : Event::Head;
      return HPE_PAUSED;
    };
    return s;
  }();
  return &settings;
}

void Http1Parser::begin_request() {
  between_requests_ = false;
  if (text_.capacity() > kTextKept) std::string().swap(text_);  // Assigning would keep the memory.
  text_.clear();
  spans_.clear();
  head_.fields.clear();
  head_.target = head_.method_name = {};
  target_end_ = 0;
  trailer_bytes_ = 0;
  field_open_ = false;
  has_body_ = false;
  expects_continue_ = false;
  body_length_.reset();
}

int Http1Parser::on_target(std::string_view piece) {
  inside_head_ = true;
  if (text_.size() + piece.size() > limits_.target_bytes_max) return refuse(kTargetTooLong);
  text_ += piece;
  target_end_ = text_.size();
  return 0;
}

int Http1Parser::on_field_name(std::string_view piece) {
  if (!inside_head_) return pass_over_trailer(piece);
  if (!field_open_) {
    if (spans_.size() == limits_.header_count_max) return refuse(kTooManyFields);
    spans_.push_back({text_.size(), text_.size(), text_.size(), text_.size()});
    field_open_ = true;
    value_begun_ = false;
    value_input_ = 0;
  }
  if (text_.size() - target_end_ + piece.size() > limits_.header_bytes_max) return refuse(kFieldsTooLarge);
  text_ += piece;
  Span& span = spans_.back();
  span.name_end = span.value_begin = span.value_end = text_.size();
  return 0;
}

int Http1Parser::on_field_value(std::string_view piece) {
  if (piece.empty()) return 0;
  if (!inside_head_) return pass_over_trailer(piece);
  if (is_folded(piece)) return refuse({400, "folded field line", {}});
  if (text_.size() - target_end_ + piece.size() > limits_.header_bytes_max) return refuse(kFieldsTooLarge);
  text_ += piece;
  spans_.back().value_end = text_.size();
  value_begun_ = true;
  if (piece.data() + piece.size() == input_.data() + input_.size()) value_input_ = input_number_;
  return 0;
}

// RFC 9110 section 6.5.1: who does not know what a trailer field means may drop it. The head's views stay as they are.
int Http1Parser::pass_over_trailer(std::string_view piece) {
  trailer_bytes_ += piece.size();
  return trailer_bytes_ > limits_.header_bytes_max ? refuse(kFieldsTooLarge) : 0;
}

// RFC 9112 section 5.2: a folded line is refused. llhttp joins its parts without a trace, but then the second part of a
// value does not directly follow the first one in the input.
bool Http1Parser::is_folded(std::string_view piece) {
  if (!value_begun_) return false;
  return value_input_ + 1 != input_number_ || piece.data() != input_.data();
}

int Http1Parser::on_head_complete() {
  inside_head_ = false;
  make_views();
  if (!is_head_sound()) return -1;
  // We never change protocols: an upgrade that is asked for is ignored (RFC 9110 section 7.8).
  llhttp_.upgrade = 0;
  has_body_ = (llhttp_.flags & F_CHUNKED) != 0 || llhttp_.content_length > 0;
  if ((llhttp_.flags & F_CHUNKED) == 0 && has_body_) body_length_ = llhttp_.content_length;
  wants_keep_alive_ = llhttp_should_keep_alive(&llhttp_) != 0;
  if (!has_body_) return 0;  // on_message_complete follows at once.
  event_ = Event::Head;
  return HPE_PAUSED;
}

int Http1Parser::refuse(Refusal refusal) {
  event_ = Event::Refused;
  refusal_ = refusal;
  return -1;
}

void Http1Parser::make_views() {
  const std::string_view text = text_;
  const auto method = static_cast<llhttp_method_t>(llhttp_.method);
  head_.method_name = llhttp_method_name(method);
  head_.method = http::find_method(head_.method_name);
  head_.target = text.substr(0, target_end_);
  head_.version_major = llhttp_.http_major;
  head_.version_minor = llhttp_.http_minor;
  for (const Span& span : spans_)
    head_.fields.add(text.substr(span.name_begin, span.name_end - span.name_begin),
                     trim(text.substr(span.value_begin, span.value_end - span.value_begin)));
}

// What RFC 9112 demands of a server beyond what llhttp checks.
bool Http1Parser::is_head_sound() {
  using http::FieldName;
  for (const http::Field& field : head_.fields) {
    if (!http::is_token(field.name)) return refuse({400, "malformed field name", {}}), false;
    if (!http::is_field_value(field.value)) return refuse({400, "control character in a field", {}}), false;
  }
  const bool is_1_0 = head_.version_minor == 0;
  if (head_.version_major != 1) return refuse({505, "HTTP version not supported", {}}), false;
  // RFC 9112 section 3.2: exactly one Host, though an old client may leave it out.
  if (!head_.fields.single(FieldName::Host) && !(is_1_0 && !head_.fields.has(FieldName::Host)))
    return refuse(kHostUnclear), false;
  // RFC 9112 section 6.1: sent by one who cannot mean it, so where the request ends is a guess.
  if (is_1_0 && head_.fields.has(FieldName::TransferEncoding))
    return refuse({400, "Transfer-Encoding in HTTP/1.0", {}}), false;
  // Nor one that would have to be undone before chunked, since what is forwarded names none.
  if (head_.fields.has(FieldName::TransferEncoding) &&
      !equals_ignoring_case(head_.fields.single(FieldName::TransferEncoding).value_or(""), "chunked"))
    return refuse({501, "unknown transfer coding", {}}), false;
  if (head_.fields.has(FieldName::Expect)) {
    if (!equals_ignoring_case(head_.fields.value(FieldName::Expect), "100-continue"))
      return refuse(kUnknownExpectation), false;
    expects_continue_ = !is_1_0;
  }
  if (head_.method == http::Method::Connect) return refuse(kConnectNotServed), false;
  return true;
}

void Http1Parser::note_syntax_error() {
  switch (llhttp_get_errno(&llhttp_)) {
    case HPE_INVALID_METHOD:
      refuse({501, "unknown method", {}});
      break;
    case HPE_INVALID_VERSION:
    case HPE_PAUSED_H2_UPGRADE:
      refuse({505, "HTTP version not supported", {}});
      break;
    case HPE_UNEXPECTED_CONTENT_LENGTH:
    case HPE_INVALID_CONTENT_LENGTH:
      refuse({400, "contradictory or malformed Content-Length", {}});
      break;
    case HPE_INVALID_TRANSFER_ENCODING:
      refuse({400, "malformed Transfer-Encoding", {}});
      break;
    case HPE_INVALID_CHUNK_SIZE:
      refuse({400, "malformed chunk", {}});
      break;
    case HPE_INVALID_URL:
      refuse({400, "malformed target", {}});
      break;
    default:
      refuse({400, "malformed request", {}});
  }
}

}  // namespace edge::frontend
