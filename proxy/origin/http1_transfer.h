// A GET in HTTP/1.1 over a connection in the clear.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "origin/curl_transfer.h"
#include "origin/http1_body.h"
#include "origin/http1_carrier.h"
#include "origin/http1_connection.h"

namespace edge::origin {

// Takes a connection that is kept, or has one made. A kept one may just have been closed by the origin: where it ends
// without a byte of an answer, the request goes once more over a new one (RFC 9112 section 9.3.1).
class Http1Transfer final : public Transfer, private TransferUser, private Http1ConnectionUser {
 public:
  explicit Http1Transfer(Http1Carrier& carrier) : carrier_(carrier) {}
  ~Http1Transfer() override { stop(); }

  void start(const TransferJob& job, TransferUser& user) override;
  void stop() override;
  void continue_where_possible() override;
  void forget_large_memory() override;

 private:
  void act() override;  // A connection was made, or not.
  void on_readable(Http1Connection&) override;
  void on_writable(Http1Connection&) override { send(); }

  void write_request(const FetchRequest& request);
  void connect();
  void use(std::unique_ptr<Http1Connection> connection);
  void send();
  void receive();
  void take(std::string_view bytes);
  std::size_t take_head(std::string_view bytes);
  std::string_view read_line(std::string_view line, bool is_whole);
  void begin_body();
  void take_body(std::string_view bytes);
  void add_body(std::string_view piece);
  void note_lost(Http1Connection::Io how);
  void note_response_end(bool has_surplus);
  void fail(http::ProxyError error, std::string_view problem);
  void end();

  Http1Carrier& carrier_;
  TransferUser* user_ = nullptr;  // Null: not under way.
  OriginUrlRef url_;
  std::string request_;
  std::size_t sent_ = 0;                         // Of request_.
  std::unique_ptr<CurlTransfer> connecting_;     // Only while a connection is being made.
  std::uint32_t connecting_as_of_ = 0;           // Http1Carrier::places() then.
  std::unique_ptr<Http1Connection> connection_;  // Only while the request is sent and answered.
  std::string line_;                             // The beginning of one that has not come to its end.
  Http1Body framing_;
  bool has_response_ended_ = false;
  Bytes held_back_;  // What there was no room for.
};

}  // namespace edge::origin
