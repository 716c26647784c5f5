#include "demo/sample_origin.h"

#include <utility>

#include "base/hash.h"
#include "base/log.h"
#include "base/units.h"
#include "demo/image_probe.h"
#include "demo/wall_page.h"
#include "http/conditional.h"

namespace edge::demo {
namespace {

using http::Method;
using http::Precondition;

// `text`: a sentence for the person who asked.
void answer_text(frontend::Exchange& exchange, std::uint16_t status, std::string_view text,
                 std::string_view more_fields = {}) {
  const std::string body = std::string(text) + '\n';
  frontend::Response response;
  response.status = status;
  response.fields = "content-type: text/plain; charset=utf-8\r\n";
  response.more_fields = more_fields;
  response.body = body;
  exchange.respond(response);
}

void refuse_method(frontend::Exchange& exchange, Resource resource) {
  const std::string_view allow =
      resource == Resource::Avatar ? "allow: GET, HEAD, PUT, DELETE\r\n" : "allow: GET, HEAD\r\n";
  answer_text(exchange, 405, "This method is not for this resource.", allow);
}

}  // namespace

// Gathers the file of one PUT. Owned by the connection; the origin outlives it.
class SampleOrigin::Upload final : public frontend::ExchangeTask {
 public:
  Upload(SampleOrigin& origin, frontend::Exchange& exchange, std::string_view avatar)
      : origin_(origin), exchange_(exchange), avatar_(avatar) {
    ++origin_.uploads_running_;
    exchange_.read_body();
  }
  ~Upload() override { --origin_.uploads_running_; }

  void on_body(std::string_view piece) override {
    if (is_answered_) return;
    if (file_.size() + piece.size() > origin_.options_.upload_bytes_max) {
      refuse_size();
      return;
    }
    file_.append(piece);
  }

  void on_body_end() override {
    if (is_answered_) return;
    is_answered_ = true;
    origin_.finish_upload(exchange_, avatar_, std::move(file_));
  }

 private:
  void refuse_size() {
    is_answered_ = true;
    file_ = Bytes();
    origin_.refuse_size(exchange_);
  }

  SampleOrigin& origin_;
  frontend::Exchange& exchange_;
  const std::string avatar_;
  Bytes file_;
  bool is_answered_ = false;
};

SampleOrigin::SampleOrigin(const SampleOriginOptions& options, const Clock& clock, OnChange on_change)
    : options_(options), on_change_(std::move(on_change)), store_(options.store, clock) {}

std::unique_ptr<frontend::ExchangeTask> SampleOrigin::start(frontend::Exchange& exchange) {
  exchange.set_outcome(metrics::Outcome::Local);
  const http::RequestHead& request = exchange.request();
  const Route route = route_of(request.target);
  if (route.resource == Resource::None) {
    answer_text(exchange, 404, "There is nothing here. Avatars are at /avatars/ID and /avatars/ID/SIZE.");
    return nullptr;
  }
  const bool is_read = request.method == Method::Get || request.method == Method::Head;
  const bool may_change = route.resource == Resource::Avatar;
  if (may_change && request.method == Method::Put) return start_upload(exchange, route.avatar);
  if (may_change && request.method == Method::Delete)
    remove_picture(exchange, route.avatar);
  else if (!is_read)
    refuse_method(exchange, route.resource);
  else if (route.resource == Resource::Wall)
    serve_wall(exchange);
  else
    serve_picture(exchange, route);
  return nullptr;
}

void SampleOrigin::serve_picture(frontend::Exchange& exchange, const Route& route) {
  const bool is_icon = route.resource == Resource::Icon;
  const auto picture =
      is_icon ? store_.picture("favicon", kPictureSizes.front()) : store_.picture(route.avatar, route.size);
  if (!picture) {
    log_error("demo.picture", picture.error().message);
    answer_text(exchange, 500, "The picture could not be drawn.");
    return;
  }
  const ServedPicture& served = **picture;
  const Precondition verdict = http::evaluate_preconditions(exchange.request().method, exchange.request().fields, 200,
                                                            served.entity_tag(), served.modified());
  const bool is_full = verdict == Precondition::Full;
  frontend::Response response;
  response.status = is_full ? 200 : 304;
  response.fields = is_full ? served.fields() : served.fields_without_body();
  response.body = is_full ? served.body() : std::string_view();
  response.owner = *picture;
  exchange.respond(response);
}

void SampleOrigin::serve_wall(frontend::Exchange& exchange) {
  // Nobody outside can guess the keyed hash, so nothing but the page's own script and style can bear the nonce.
  const std::string nonce = std::to_string(keyed_hash("wall " + std::to_string(++walls_served_)));
  const WallPage page = make_wall_page(options_.admin_address, nonce);
  frontend::Response response;
  response.fields = page.fields;
  response.body = page.html;
  exchange.respond(response);
}

std::unique_ptr<frontend::ExchangeTask> SampleOrigin::start_upload(frontend::Exchange& exchange,
                                                                   std::string_view avatar) {
  if (!exchange.has_body()) {
    refuse_empty(exchange);
    return nullptr;
  }
  if (exchange.body_length().value_or(0) > options_.upload_bytes_max) {
    refuse_size(exchange);
    return nullptr;
  }
  if (uploads_running_ >= options_.uploads_running_max) {
    answer_text(exchange, 503, "Too many uploads are running; try again in a moment.", "retry-after: 1\r\n");
    return nullptr;
  }
  return std::make_unique<Upload>(*this, exchange, avatar);
}

void SampleOrigin::finish_upload(frontend::Exchange& exchange, std::string_view avatar, Bytes file) {
  if (file.empty()) {
    refuse_empty(exchange);
    return;
  }
  const Result<ImageInfo> info = probe_image(file.view());
  if (!info) {
    // What is no picture is a type that we do not take; a monstrous one is of a type we take, and yet cannot be used.
    const std::uint16_t status = info.error().code == ErrorCode::TooLarge ? 422 : 415;
    answer_text(exchange, status, "Not taken: " + info.error().message + ".");
    return;
  }
  file.shrink_to_fit();
  answer_change(exchange, avatar, store_.upload(avatar, Picture{info->type, std::move(file)}));
}

void SampleOrigin::remove_picture(frontend::Exchange& exchange, std::string_view avatar) {
  answer_change(exchange, avatar, store_.remove(avatar));
}

void SampleOrigin::answer_change(frontend::Exchange& exchange, std::string_view avatar,
                                 const Result<AvatarStore::Change>& change) {
  if (!change) {
    answer_text(exchange, 503, "Not taken: " + change.error().message + ".");
    return;
  }
  on_change_(avatar, change->version);
  const std::string version = std::to_string(change->version);
  const std::string fields =
      "content-type: application/json\r\ncache-control: no-store\r\nx-avatar-version: " + version + "\r\n";
  // An ID holds no character that JSON would escape.
  const std::string body = "{\"avatar\":\"" + std::string(avatar) + "\",\"version\":" + version + "}\n";
  frontend::Response response;
  response.status = change->is_first_upload ? 201 : 200;
  response.fields = fields;
  response.body = body;
  exchange.respond(response);
}

void SampleOrigin::refuse_empty(frontend::Exchange& exchange) {
  answer_text(exchange, 400, "The request has no body; it should be a picture file.");
}

void SampleOrigin::refuse_size(frontend::Exchange& exchange) {
  answer_text(exchange, 413, "The file is too large; " + format_size(options_.upload_bytes_max) + " is the most.");
}

}  // namespace edge::demo
