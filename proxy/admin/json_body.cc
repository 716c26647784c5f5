#include "admin/json_body.h"

#include <string>

#include "admin/answers.h"

namespace edge::admin {
namespace {

class JsonBody final : public frontend::ExchangeTask {
 public:
  JsonBody(frontend::Exchange& exchange, UniqueFunction<void(frontend::Exchange&, std::string_view)> answer)
      : exchange_(exchange), answer_(std::move(answer)) {
    exchange_.read_body();
  }

  void on_body(std::string_view piece) override {
    if (exchange_.has_response_started()) return;
    if (body_.size() + piece.size() > kJsonBodyBytesMax)
      return answer_error(exchange_, 413, "more than 64 KiB of JSON");
    body_ += piece;
  }
  void on_body_end() override {
    if (!exchange_.has_response_started()) answer_(exchange_, body_);
  }

 private:
  frontend::Exchange& exchange_;
  UniqueFunction<void(frontend::Exchange&, std::string_view)> answer_;
  std::string body_;
};

}  // namespace

std::unique_ptr<frontend::ExchangeTask> read_json(
    frontend::Exchange& exchange, UniqueFunction<void(frontend::Exchange& exchange, std::string_view body)> answer) {
  if (!exchange.has_body()) {
    answer_error(exchange, 400, "a JSON object is needed as the body");
    return nullptr;
  }
  return std::make_unique<JsonBody>(exchange, std::move(answer));
}

}  // namespace edge::admin
