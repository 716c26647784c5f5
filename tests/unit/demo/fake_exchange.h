// An exchange without a connection: the test says what is asked, and reads what was answered.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/clock.h"
#include "event/event_loop.h"
#include "frontend/exchange.h"
#include "http/fields.h"
#include "http/message.h"

namespace edge::demo {

class FakeExchange final : public frontend::Exchange {
 public:
  FakeExchange(event::EventLoop& loop, std::string_view method, std::string_view target)
      : loop_(loop), target_(target), method_(method) {
    request_.method = http::find_method(method_);
    request_.method_name = method_;
    request_.target = target_;
  }

  void add_field(std::string_view name, std::string_view value) {
    http::append_line(lines_, name, value);
    request_.fields = http::parse_lines(lines_);
  }
  void come_from(std::string_view client) {
    client_text_ = client;
    client_ = *net::try_ip(client);
  }
  void expect_body(std::optional<std::uint64_t> length) {
    has_body_ = true;
    body_length_ = length;
  }

  // What was answered.
  std::uint16_t status() const { return status_; }
  const std::string& body() const { return body_; }
  const std::string& field_lines() const { return fields_; }
  std::string field(std::string_view name) const { return http::parse_lines(fields_).combined(name); }
  bool is_answered() const { return status_ != 0; }
  bool is_body_wanted() const { return is_body_wanted_; }

  const http::RequestHead& request() const override { return request_; }
  const net::Ip& client() const override { return client_; }
  std::string_view client_address() const override { return client_text_; }
  frontend::RequestId request_id() override { return frontend::RequestId("2a-1"); }
  std::string client_subject() const override { return {}; }
  event::EventLoop& loop() override { return loop_; }
  void send_interim(std::uint16_t, std::string_view) override {}
  void respond(const frontend::Response& response) override {
    EDGE_CHECK(status_ == 0);  // One exchange, one answer.
    status_ = response.status;
    fields_.append(response.fields).append(response.more_fields);
    body_ = response.body;
  }
  void start_response(const frontend::Response& head, std::optional<std::uint64_t>) override { respond(head); }
  void write(std::string_view piece, Ref<const Shared>) override { body_.append(piece); }
  void finish() override {}
  void abort() override {}
  bool take_back() override { return false; }
  bool is_congested() const override { return false; }
  bool has_response_started() const override { return status_ != 0; }
  bool has_body() const override { return has_body_; }
  std::optional<std::uint64_t> body_length() const override { return body_length_; }
  void read_body() override { is_body_wanted_ = true; }
  void pause_body() override { is_body_wanted_ = false; }
  void set_outcome(metrics::Outcome, std::string_view) override {}

 private:
  event::EventLoop& loop_;
  const std::string target_;
  const std::string method_;
  std::string lines_;
  http::RequestHead request_;
  net::Ip client_ = *net::try_ip("127.0.0.1");
  std::string client_text_ = "127.0.0.1";
  bool has_body_ = false;
  std::optional<std::uint64_t> body_length_;
  bool is_body_wanted_ = false;

  std::uint16_t status_ = 0;
  std::string fields_;
  std::string body_;
};

}  // namespace edge::demo
