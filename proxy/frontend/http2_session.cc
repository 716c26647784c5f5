#include "frontend/http2_session.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/check.h"
#include "base/kept_memory.h"
#include "base/text.h"
#include "frontend/http2_exchange.h"

namespace edge::frontend {
namespace {

// What a client may send of a body, and of all bodies on its connection, before we have dealt with it.
constexpr std::int32_t kBodyWindow = 256 * 1024;
constexpr std::int32_t kConnectionWindow = 1024 * 1024;
// RFC 9218 section 7: the number of a stream, and what the field would say.
constexpr std::uint8_t kPriorityUpdate = 0x10;
constexpr std::size_t kStreamNumberBytes = 4;
// A head that is so many times too large is not even read to its end to be answered.
constexpr std::size_t kHeadExcess = 4;
// Of a response's head; more than an origin may send.
constexpr std::size_t kSentHeadBytesMax = 256 * 1024;

constexpr std::uint8_t kNotCopied = NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE;

// What is larger lives as long as its connection, of which there are many.
constexpr std::size_t kPassingBytesMax = 1000;

void* take_memory(std::size_t bytes) noexcept {
  return bytes > kPassingBytesMax ? KeptMemory::allocate_apart(bytes) : KeptMemory::allocate(bytes);
}

void* take_zeroed(std::size_t count, std::size_t bytes) noexcept {
  std::size_t whole = 0;
  if (__builtin_mul_overflow(count, bytes, &whole)) return nullptr;
  void* const memory = take_memory(whole);
  return memory == nullptr ? nullptr : std::memset(memory, 0, whole);
}

nghttp2_mem* session_memory() {
  static nghttp2_mem memory{
      .mem_user_data = nullptr,
      .malloc = [](std::size_t bytes, void*) { return take_memory(bytes); },
      .free = [](void* block, void*) { KeptMemory::release(block); },
      .calloc = [](std::size_t count, std::size_t bytes, void*) { return take_zeroed(count, bytes); },
      .realloc = [](void* block, std::size_t bytes,
                    void*) { return block == nullptr ? take_memory(bytes) : KeptMemory::reallocate(block, bytes); },
  };
  return KeptMemory::kIsOfUse ? &memory : nullptr;
}

using OptionHandle = CHandle<nghttp2_option, nghttp2_option_del>;

OptionHandle make_options(const Http2Options& options) {
  nghttp2_option* raw = nullptr;
  EDGE_CHECK(nghttp2_option_new(&raw) == 0);
  OptionHandle made(raw);
  // Bodies are taken as fast as the origin takes them.
  nghttp2_option_set_no_auto_window_update(raw, 1);
  nghttp2_option_set_user_recv_extension_type(raw, kPriorityUpdate);  // http2_priorities.h says why.
  nghttp2_option_set_no_closed_streams(raw, 1);
  // http2_rules.h says why.
  nghttp2_option_set_no_http_messaging(raw, 1);
  nghttp2_option_set_max_send_header_block_length(raw, kSentHeadBytesMax);
  // We count ourselves, by limits that can be configured.
  nghttp2_option_set_stream_reset_rate_limit(raw, UINT32_MAX, UINT32_MAX);
  nghttp2_option_set_max_continuations(raw, std::size_t{options.continuations_max} + 1);
  return made;
}

std::string_view view(nghttp2_rcbuf* buffer) {
  const nghttp2_vec bytes = nghttp2_rcbuf_get_buf(buffer);
  return {reinterpret_cast<const char*>(bytes.base), bytes.len};
}

std::uint8_t* bytes_of(std::string_view text) {
  return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
}

}  // namespace

Http2Session::Http2Session(Http2Observer& observer, const Http2Options& options, const RequestLimits& limits)
    : observer_(observer), options_(options), limits_(limits), rates_(options) {
  nghttp2_session* raw = nullptr;
  EDGE_CHECK(nghttp2_session_server_new3(&raw, callbacks(), this, make_options(options).get(), session_memory()) == 0);
  session_.reset(raw);
  submit_settings(options, limits);
}

void Http2Session::submit_settings(const Http2Options& options, const RequestLimits& limits) {
  const std::array<nghttp2_settings_entry, 4> settings{{
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, options.streams_max},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, static_cast<std::uint32_t>(kBodyWindow)},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits.header_bytes_max},
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
  }};
  EDGE_CHECK(nghttp2_submit_settings(session_.get(), NGHTTP2_FLAG_NONE, settings.data(), settings.size()) == 0);
  EDGE_CHECK(nghttp2_session_set_local_window_size(session_.get(), NGHTTP2_FLAG_NONE, 0, kConnectionWindow) == 0);
}

nghttp2_session_callbacks* Http2Session::callbacks() {
  static nghttp2_session_callbacks* const made = [] {
    nghttp2_session_callbacks* c = nullptr;
    EDGE_CHECK(nghttp2_session_callbacks_new(&c) == 0);
    nghttp2_session_callbacks_set_on_begin_frame_callback(
        c, [](nghttp2_session*, const nghttp2_frame_hd* head, void* user) { return self(user).on_begin_frame(*head); });
    nghttp2_session_callbacks_set_on_begin_headers_callback(
        c,
        [](nghttp2_session*, const nghttp2_frame* frame, void* user) { return self(user).on_begin_headers(*frame); });
    nghttp2_session_callbacks_set_on_header_callback2(
        c, [](nghttp2_session*, const nghttp2_frame* frame, nghttp2_rcbuf* name, nghttp2_rcbuf* value, std::uint8_t,
              void* user) { return self(user).on_header(*frame, view(name), view(value)); });
    nghttp2_session_callbacks_set_on_extension_chunk_recv_callback(
        c, [](nghttp2_session*, const nghttp2_frame_hd*, const std::uint8_t* data, std::size_t size, void* user) {
          std::string& kept = self(user).priority_update_;
          // One byte more than is of use, so that it shows.
          const std::size_t room = kStreamNumberBytes + kPriorityBytesMax + 1 - kept.size();
          kept.append(reinterpret_cast<const char*>(data), std::min(size, room));
          return 0;
        });
    nghttp2_session_callbacks_set_unpack_extension_callback(
        c, [](nghttp2_session*, void** payload, const nghttp2_frame_hd*, void*) { return *payload = nullptr, 0; });
    nghttp2_session_callbacks_set_on_frame_recv_callback(
        c, [](nghttp2_session*, const nghttp2_frame* frame, void* user) { return self(user).on_frame(*frame), 0; });
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(
        c, [](nghttp2_session*, const nghttp2_frame* frame, int error, void* user) {
          return self(user).on_invalid_frame(*frame, error);
        });
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
        c, [](nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* data, std::size_t size, void* user) {
          return self(user).on_data(id, {reinterpret_cast<const char*>(data), size}), 0;
        });
    nghttp2_session_callbacks_set_on_frame_send_callback(
        c, [](nghttp2_session*, const nghttp2_frame* frame, void* user) { return self(user).on_sent(*frame), 0; });
    nghttp2_session_callbacks_set_on_stream_close_callback(
        c, [](nghttp2_session*, std::int32_t id, std::uint32_t error, void* user) {
          return self(user).on_stream_close(id, error), 0;
        });
    nghttp2_session_callbacks_set_on_frame_not_send_callback(
        c, [](nghttp2_session*, const nghttp2_frame* frame, int, void* user) {
          if (frame->hd.type == NGHTTP2_HEADERS) self(user).reset(frame->hd.stream_id, Http2Error::Internal);
          return 0;
        });
    nghttp2_session_callbacks_set_send_data_callback(c, [](nghttp2_session*, nghttp2_frame*, const std::uint8_t* head,
                                                           std::size_t size, nghttp2_data_source* source, void* user) {
      return self(user).send_data({reinterpret_cast<const char*>(head), 9}, *static_cast<Http2Exchange*>(source->ptr),
                                  size);
    });
    return c;
  }();
  return made;
}

Http2Exchange* Http2Session::find(std::int32_t id) {
  if (last_ && last_->id() == id) return last_;
  auto* const found = static_cast<Http2Exchange*>(nghttp2_session_get_stream_user_data(session_.get(), id));
  if (found) last_ = found;
  return found;
}

// ---- Receiving ----

void Http2Session::receive(std::string_view bytes, Instant now) {
  now_ = now;
  const auto taken = nghttp2_session_mem_recv(session_.get(), bytes_of(bytes), bytes.size());
  if (taken >= 0) return;
  const bool is_flood = has_reached_limit_ || taken == NGHTTP2_ERR_FLOODED;
  if (!has_reached_limit_) observer_.on_malformed();
  terminate(is_flood ? Http2Error::EnhanceYourCalm : Http2Error::Protocol);
}

// False where that is one too many.
bool Http2Session::count(Http2FrameRates::Kind kind) {
  const auto limit = rates_.count(kind, now_);
  return !limit || reach(*limit);
}

// False; told once.
bool Http2Session::reach(metrics::Limit limit) {
  if (!std::exchange(has_reached_limit_, true)) observer_.on_limit_reached(limit);
  return false;
}

int Http2Session::on_begin_frame(const nghttp2_frame_hd& head) {
  using Kind = Http2FrameRates::Kind;
  bool may_pass = true;
  switch (head.type) {
    case NGHTTP2_DATA:
      if (head.length == 0 && (head.flags & NGHTTP2_FLAG_END_STREAM) == 0) may_pass = count(Kind::Empty);
      break;
    case NGHTTP2_HEADERS:
      continuations_ = 0;
      head_bytes_ = 0;
      break;
    case NGHTTP2_CONTINUATION:
      if (++continuations_ > options_.continuations_max) may_pass = reach(metrics::Limit::Http2Continuations);
      break;
    case kPriorityUpdate:
      priority_update_.clear();
      may_pass = count(Kind::Priority);
      break;
    case NGHTTP2_PRIORITY:
      // RFC 9113 section 6.3; nghttp2 reads past it unseen.
      if (head.stream_id == 0) return NGHTTP2_ERR_CALLBACK_FAILURE;
      may_pass = count(Kind::Priority);
      break;
    case NGHTTP2_RST_STREAM:
      may_pass = count(Kind::Reset);
      reset_by_client_ = head.stream_id;
      break;
    case NGHTTP2_SETTINGS:
      may_pass = count(Kind::Settings);
      break;
    case NGHTTP2_PING:
      may_pass = count(Kind::Ping);
      break;
    case NGHTTP2_WINDOW_UPDATE:
      may_pass = count(Kind::WindowUpdate);
      break;
    default:
      break;
  }
  return may_pass ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
}

int Http2Session::on_begin_headers(const nghttp2_frame& frame) {
  if (frame.headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  ++requests_under_way_;
  last_ = &observer_.on_begin(frame.hd.stream_id);
  return nghttp2_session_set_stream_user_data(session_.get(), frame.hd.stream_id, last_);
}

int Http2Session::on_header(const nghttp2_frame& frame, std::string_view name, std::string_view value) {
  head_bytes_ += name.size() + value.size();
  if (head_bytes_ > kHeadExcess * limits_.header_bytes_max + limits_.target_bytes_max) {
    reset(frame.hd.stream_id, Http2Error::EnhanceYourCalm);
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }
  Http2Exchange* const exchange = find(frame.hd.stream_id);
  if (!exchange) return 0;
  const bool is_sound = frame.headers.cat == NGHTTP2_HCAT_REQUEST ? exchange->add_field(name, value, limits_)
                                                                  : exchange->add_trailer(name, value);
  if (is_sound) return 0;
  on_malformed(*exchange);
  return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

void Http2Session::on_frame(const nghttp2_frame& frame) {
  if (frame.hd.type == NGHTTP2_PING && (frame.hd.flags & NGHTTP2_FLAG_ACK) != 0) return observer_.on_ping_answered();
  if (frame.hd.type == kPriorityUpdate) return on_priority_update(frame);
  if (frame.hd.type != NGHTTP2_HEADERS && frame.hd.type != NGHTTP2_DATA) return;
  Http2Exchange* exchange = find(frame.hd.stream_id);
  if (!exchange) return;
  const bool is_head = frame.hd.type == NGHTTP2_HEADERS && frame.headers.cat == NGHTTP2_HCAT_REQUEST;
  const bool is_end = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  // RFC 9113 section 8.1: trailers end the request.
  const bool is_trailers = frame.hd.type == NGHTTP2_HEADERS && !is_head;
  if ((is_head && !exchange->end_fields()) || (is_trailers && !is_end) || (is_end && !exchange->may_body_end()))
    return on_malformed(*exchange);
  if (is_head) {
    prioritize(*exchange);
    observer_.on_head(*exchange);
  }
  if (is_end) observer_.on_end(*exchange);
}

// RFC 9218 section 7.1.
void Http2Session::on_priority_update(const nghttp2_frame& frame) {
  const std::string_view payload = priority_update_;
  if (frame.hd.stream_id != 0) return end_malformed(Http2Error::Protocol);
  if (payload.size() < kStreamNumberBytes) return end_malformed(Http2Error::FrameSize);
  std::uint32_t number = 0;
  for (const char c : payload.substr(0, kStreamNumberBytes)) number = number << 8 | static_cast<unsigned char>(c);
  const auto id = static_cast<std::int32_t>(number & INT32_MAX);
  if (id == 0) return end_malformed(Http2Error::Protocol);
  const auto priority = try_priority(payload.substr(kStreamNumberBytes));
  if (!priority) return;
  if (find(id)) return prioritize(id, *priority);
  if (id > nghttp2_session_get_last_proc_stream_id(session_.get())) priorities_.note(id, *priority);
}

// What came before the request, in a frame, takes precedence over what it says itself (RFC 9218 section 7).
void Http2Session::prioritize(const Http2Exchange& exchange) {
  auto priority = priorities_.take(exchange.id());
  if (!priority) priority = exchange.priority();
  if (priority) prioritize(exchange.id(), *priority);
}

void Http2Session::prioritize(std::int32_t id, const Http2Priority& priority) {
  const nghttp2_extpri wanted{priority.urgency, priority.is_incremental ? 1 : 0};
  nghttp2_session_change_extpri_stream_priority(session_.get(), id, &wanted, 0);
}

void Http2Session::end_malformed(Http2Error error) {
  observer_.on_malformed();
  terminate(error);
}

// RFC 9113 section 8.1.1.
void Http2Session::on_malformed(Http2Exchange& exchange) {
  if (!exchange.note_malformed()) return;
  observer_.on_malformed();
  reset(exchange.id(), Http2Error::Protocol);
}

// More requests than may be under way: nghttp2 refuses them while the client need not know, and ends the connection
// when it has acknowledged the settings that say so.
int Http2Session::on_invalid_frame(const nghttp2_frame& frame, int error) {
  const bool is_full = frame.hd.type == NGHTTP2_HEADERS && frame.headers.cat == NGHTTP2_HCAT_REQUEST &&
                       requests_under_way_ >= options_.streams_max;
  error == NGHTTP2_ERR_REFUSED_STREAM || is_full ? observer_.on_refused() : observer_.on_malformed();
  return 0;
}

void Http2Session::on_data(std::int32_t id, std::string_view piece) {
  Http2Exchange* const exchange = find(id);
  if (!exchange) return;
  if (exchange->count_body(piece.size())) return observer_.on_body(*exchange, piece);
  consume(id, piece.size());
  on_malformed(*exchange);
}

void Http2Session::on_stream_close(std::int32_t id, std::uint32_t error) {
  const bool by_client = std::exchange(reset_by_client_, 0) == id;
  Http2Exchange* exchange = find(id);
  if (!exchange) return;
  last_ = nullptr;
  --requests_under_way_;
  observer_.on_closed(*exchange, static_cast<Http2Error>(error), by_client);
}

void Http2Session::consume(std::int32_t id, std::size_t bytes) {
  if (bytes != 0) nghttp2_session_consume(session_.get(), id, bytes);
}

// ---- Sending ----

void Http2Session::send(OutputQueue& out, std::size_t bytes_max, Instant now) {
  now_ = now;
  out_ = &out;
  out_bytes_max_ = bytes_max;
  while (out.size() < bytes_max) {
    const std::uint8_t* bytes = nullptr;
    const auto size = nghttp2_session_mem_send(session_.get(), &bytes);
    if (size <= 0) break;  // Nothing more, or no memory for it, which ends with the write timeout.
    out.append_copy({reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)});
  }
  out_ = nullptr;
}

void Http2Session::on_sent(const nghttp2_frame& frame) {
  // Behind it, so that who answers has read it: nghttp2 lets pings overtake what waits.
  if (frame.hd.type == NGHTTP2_GOAWAY && frame.goaway.last_stream_id == INT32_MAX)
    nghttp2_submit_ping(session_.get(), NGHTTP2_FLAG_NONE, nullptr);
  if (frame.hd.type == NGHTTP2_RST_STREAM) return on_reset_sent(frame.rst_stream.error_code);
  if (frame.hd.type != NGHTTP2_HEADERS && frame.hd.type != NGHTTP2_DATA) return;
  if (frame.hd.type == NGHTTP2_DATA) rates_.count_sent_data();
  Http2Exchange* exchange = find(frame.hd.stream_id);
  if (!exchange) return;
  exchange->note_sent(9 + frame.hd.length);
  if ((frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) observer_.on_answered(*exchange);
}

// Whoever makes us reset requests could have reset them, and counts alike.
void Http2Session::on_reset_sent(std::uint32_t error) {
  switch (static_cast<Http2Error>(error)) {
    case Http2Error::Protocol:
    case Http2Error::FlowControl:
    case Http2Error::StreamClosed:
    case Http2Error::FrameSize:
    case Http2Error::EnhanceYourCalm:
      if (!count(Http2FrameRates::Kind::Reset)) terminate(Http2Error::EnhanceYourCalm);
      return;
    case Http2Error::None:
    case Http2Error::Internal:
    case Http2Error::Cancel:
      return;
  }
}

// The head of the frame is copied; the body goes as it is held.
int Http2Session::send_data(std::string_view head, Http2Exchange& exchange, std::size_t bytes) {
  last_ = &exchange;
  out_->append_copy(head);
  exchange.move_body(bytes, *out_);
  return out_->size() < out_bytes_max_ ? 0 : NGHTTP2_ERR_PAUSE;
}

void Http2Session::append(std::string_view name, std::string_view value, std::uint8_t flags) {
  fields_.push_back({bytes_of(name), bytes_of(value), name.size(), value.size(), flags});
}

void Http2Session::append_lines(std::string_view lines, std::uint8_t flags) {
  while (!lines.empty()) {
    const std::size_t colon = lines.find(':');
    const std::size_t end = lines.find("\r\n", colon);
    append(lines.substr(0, colon), lines.substr(colon + 2, end - colon - 2), flags);
    lines.remove_prefix(end + 2);
  }
}

void Http2Session::send_interim(std::int32_t id, std::uint16_t status, std::string_view fields) {
  std::string code;
  append_unsigned(code, status);
  fields_.clear();
  append(":status", code);
  append_lines(fields);
  nghttp2_submit_headers(session_.get(), NGHTTP2_FLAG_NONE, id, nullptr, fields_.data(), fields_.size(), nullptr);
}

void Http2Session::respond(std::int32_t id, const Http2Head& head, Http2Exchange* body) {
  std::string code, length;
  append_unsigned(code, head.status);
  fields_.clear();
  append(":status", code);
  append_lines(head.fields, head.keeps_fields ? kNotCopied : std::uint8_t{NGHTTP2_NV_FLAG_NONE});
  append_lines(head.more_fields);
  if (!head.date.empty()) append("date", head.date);
  if (head.content_length) {
    append_unsigned(length, *head.content_length);
    append("content-length", length);
  }
  nghttp2_data_provider provider{};
  provider.source.ptr = body;
  provider.read_callback = [](nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t size, std::uint32_t* flags,
                              nghttp2_data_source* source, void*) -> ssize_t {
    const auto offer = static_cast<Http2Exchange*>(source->ptr)->offer(size);
    if (offer.bytes == 0 && !offer.is_last) return NGHTTP2_ERR_DEFERRED;
    *flags = NGHTTP2_DATA_FLAG_NO_COPY;
    if (offer.is_last) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(offer.bytes);
  };
  nghttp2_submit_response(session_.get(), id, fields_.data(), fields_.size(), body ? &provider : nullptr);
}

void Http2Session::resume_body(std::int32_t id) { nghttp2_session_resume_data(session_.get(), id); }

void Http2Session::reset(std::int32_t id, Http2Error error) {
  nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, id, static_cast<std::uint32_t>(error));
}

void Http2Session::announce_end() { nghttp2_submit_shutdown_notice(session_.get()); }

void Http2Session::end() {
  nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session_.get()),
                        NGHTTP2_NO_ERROR, nullptr, 0);
}

void Http2Session::terminate(Http2Error error) {
  nghttp2_session_terminate_session(session_.get(), static_cast<std::uint32_t>(error));
}

}  // namespace edge::frontend
