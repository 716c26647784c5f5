// A client of HTTP/2 for tests: nghttp2's own, over a blocking socket.
#pragma once

#include <nghttp2/nghttp2.h>

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/handle.h"
#include "unit/frontend/test_server.h"

namespace edge::frontend {

struct Http2Answer {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;
  std::vector<int> interim;
  bool is_closed = false;
  std::uint32_t error = 0;  // Why it was closed; 0: it is whole.

  std::string field(std::string_view name) const {
    for (const auto& [key, value] : fields)
      if (key == name) return value;
    return {};
  }
};

class Http2Client {
 public:
  using Settings = std::vector<nghttp2_settings_entry>;

  enum class Windows { Open, StayShut };  // What has been received makes room for more, or does not.

  explicit Http2Client(Client connection, const Settings& settings = {}, Windows windows = Windows::Open)
      : connection_(std::move(connection)) {
    nghttp2_session_callbacks* callbacks = nullptr;
    REQUIRE(nghttp2_session_callbacks_new(&callbacks) == 0);
    nghttp2_session_callbacks_set_on_header_callback(
        callbacks, [](nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                      const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* self) {
          static_cast<Http2Client*>(self)->on_header(frame->hd.stream_id,
                                                     {reinterpret_cast<const char*>(name), name_size},
                                                     {reinterpret_cast<const char*>(value), value_size});
          return 0;
        });
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
        callbacks,
        [](nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* data, std::size_t size, void* self) {
          static_cast<Http2Client*>(self)->answers_[id].body.append(reinterpret_cast<const char*>(data), size);
          return 0;
        });
    nghttp2_session_callbacks_set_on_stream_close_callback(
        callbacks, [](nghttp2_session*, std::int32_t id, std::uint32_t error, void* self) {
          Http2Answer& answer = static_cast<Http2Client*>(self)->answers_[id];
          answer.is_closed = true;
          answer.error = error;
          static_cast<Http2Client*>(self)->closed_.push_back(id);
          return 0;
        });
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, [](nghttp2_session*, const nghttp2_frame* frame,
                                                                       void* self) {
      if (frame->hd.type == NGHTTP2_GOAWAY)
        static_cast<Http2Client*>(self)->goaways_.emplace_back(frame->goaway.last_stream_id, frame->goaway.error_code);
      return 0;
    });
    nghttp2_session* session = nullptr;
    nghttp2_option* options = nullptr;
    REQUIRE(nghttp2_option_new(&options) == 0);
    nghttp2_option_set_no_auto_window_update(options, windows == Windows::StayShut ? 1 : 0);
    REQUIRE(nghttp2_session_client_new2(&session, callbacks, this, options) == 0);
    nghttp2_option_del(options);
    nghttp2_session_callbacks_del(callbacks);
    session_.reset(session);
    nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  }

  nghttp2_session* session() { return session_.get(); }
  Client& connection() { return connection_; }

  // Begins a request; its number. With `body`, that is sent along.
  std::int32_t ask(std::string_view method, std::string_view path,
                   const std::vector<std::pair<std::string, std::string>>& more = {},
                   const std::string* body = nullptr) {
    std::vector<std::pair<std::string, std::string>> fields{
        {":method", std::string(method)}, {":scheme", "http"}, {":authority", "x"}, {":path", std::string(path)}};
    fields.insert(fields.end(), more.begin(), more.end());
    std::vector<nghttp2_nv> list;
    for (const auto& [name, value] : fields) list.push_back({bytes(name), bytes(value), name.size(), value.size(), 0});
    nghttp2_data_provider provider{};
    if (body) upload_ = *body;
    provider.read_callback = [](nghttp2_session*, std::int32_t, std::uint8_t* into, std::size_t size,
                                std::uint32_t* flags, nghttp2_data_source*, void* self) -> ssize_t {
      std::string& upload = static_cast<Http2Client*>(self)->upload_;
      const std::size_t count = std::min(size, upload.size());
      std::copy_n(upload.data(), count, reinterpret_cast<char*>(into));
      upload.erase(0, count);
      if (upload.empty()) *flags = NGHTTP2_DATA_FLAG_EOF;
      return static_cast<ssize_t>(count);
    };
    const std::int32_t id =
        nghttp2_submit_request(session_.get(), nullptr, list.data(), list.size(), body ? &provider : nullptr, nullptr);
    REQUIRE(id > 0);
    send();
    return id;
  }
  std::int32_t get(std::string_view path) { return ask("GET", path); }

  void reset(std::int32_t id) {
    nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
    send();
  }

  // Reads until the request is over, or the connection; what came of it.
  const Http2Answer& answer(std::int32_t id) {
    while (!answers_[id].is_closed && receive()) {
    }
    return answers_[id];
  }
  const Http2Answer& so_far(std::int32_t id) { return answers_[id]; }
  // Reads until `is_so`; false when the connection ends before.
  template <class Condition>
  bool read_until(Condition is_so) {
    while (!is_so())
      if (!receive()) return false;
    return true;
  }
  // Until the server ends the connection.
  void read_to_end() {
    while (receive()) {
    }
  }
  // Ends of requests, in the order in which they came.
  const std::vector<std::int32_t>& closed() const { return closed_; }
  // Last stream and error of each GOAWAY.
  const std::vector<std::pair<std::int32_t, std::uint32_t>>& goaways() const { return goaways_; }

  void send() {
    for (;;) {
      const std::uint8_t* data = nullptr;
      const auto size = nghttp2_session_mem_send(session_.get(), &data);
      if (size <= 0 || !connection_.send({reinterpret_cast<const char*>(data), static_cast<std::size_t>(size)})) return;
    }
  }

 private:
  static std::uint8_t* bytes(const std::string& text) {
    return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
  }

  void on_header(std::int32_t id, std::string_view name, std::string_view value) {
    Http2Answer& answer = answers_[id];
    if (name != ":status") return answer.fields.emplace_back(name, value), void();
    if (answer.status != 0) answer.interim.push_back(answer.status);
    answer.status = std::stoi(std::string(value));
  }

  bool receive() {
    const std::string bytes = connection_.read_some();
    if (bytes.empty()) return false;
    REQUIRE(nghttp2_session_mem_recv(session_.get(), reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                     bytes.size()) >= 0);
    send();
    return true;
  }

  Client connection_;
  CHandle<nghttp2_session, nghttp2_session_del> session_;
  std::map<std::int32_t, Http2Answer> answers_;
  std::vector<std::int32_t> closed_;
  std::vector<std::pair<std::int32_t, std::uint32_t>> goaways_;
  std::string upload_;  // What is left of the one that is under way.
};

}  // namespace edge::frontend
