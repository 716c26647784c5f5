#include "serving/pass.h"

#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "http/hop_by_hop.h"
#include "http/reference.h"
#include "http/target.h"
#include "serving/answers.h"

namespace edge::serving {
namespace {

// Whether an unsafe request may have changed the avatar (RFC 9111 section 4.4, PROTOCOL R5). 502 and 504 come from
// somebody between us and the origin who cannot know.
bool may_have_succeeded(std::uint16_t status) { return status < 400 || status == 502 || status == 504; }

}  // namespace

Pass::Pass(Services& services, frontend::Exchange& exchange, PassPlan plan)
    : services_(services), exchange_(&exchange), plan_(std::move(plan)) {}

Pass::~Pass() {
  if (fetch_ && may_yet_succeed()) fence();
}

void Pass::start(origin::FetchRequest request) {
  const bool has_body = request.has_body;
  upload_complete_ = !has_body;
  exchange_->set_outcome(metrics::Outcome::Pass, plan_.detail);
  fetch_ = services_.origin.start(std::move(request), *this);
  if (has_body) exchange_->read_body();
}

void Pass::adopt(std::unique_ptr<origin::Fetch> fetch, const http::ResponseHead& head) {
  upload_complete_ = adopted_ = true;
  fetch_ = std::move(fetch);
  fetch_->set_observer(*this);
  exchange_->set_outcome(metrics::Outcome::Pass, plan_.detail);
  on_head(head);
}

void Pass::send_body(std::string_view piece) {
  if (ended_) return;
  fetch_->send_body(piece);
  if (fetch_->is_upload_congested()) exchange_->pause_body();
}

void Pass::end_body() {
  upload_complete_ = true;
  if (!ended_) fetch_->end_body();
}

void Pass::on_upload_drained() {
  if (exchange_ && !ended_) exchange_->read_body();
}

void Pass::on_client_writable() {
  if (!ended_) fetch_->resume();
}

bool Pass::must_outlive_client() {
  exchange_ = nullptr;
  // Where the origin never gets the whole request there is no answer to wait for; should it act on a part of it, the
  // destructor's fence is all that can be done.
  return !ended_ && upload_complete_ && may_yet_succeed();
}

void Pass::on_interim(const http::ResponseHead& head) {
  if (exchange_) send_interim(*exchange_, head);
}

origin::BodyMode Pass::on_head(const http::ResponseHead& head) {
  // Where the answer bears the version that it made, no replica that lags can bring back an older one.
  if (plan_.is_unsafe && may_have_succeeded(head.status))
    fence(head.status < 400 ? try_unsigned(head.fields.combined(services_.options->version_header)) : std::nullopt);
  if (plan_.is_unsafe && head.status < 400) fence_named(head);
  is_outcome_known_ = true;
  if (!exchange_) {
    end();
    services_.aftermath.remove(*this);
    return origin::BodyMode::Stream;
  }
  std::string lines;
  http::append_end_to_end_lines(lines, head.fields, {http::FieldName::ContentLength});
  if (!services_.options->caching.forward_targeted)
    http::remove_lines(lines, services_.options->caching.targeted_fields);
  const std::string more = own_lines(head.status);
  const auto length = try_unsigned(head.fields.value(http::FieldName::ContentLength));
  exchange_->start_response(
      {.status = head.status, .fields = lines, .more_fields = more, .has_date = head.fields.has(http::FieldName::Date)},
      length);
  return origin::BodyMode::Stream;
}

void Pass::on_body(std::string_view piece) {
  if (!exchange_) return;
  exchange_->write(piece);
  if (exchange_->is_congested()) fetch_->pause();
}

void Pass::on_end() {
  end();
  if (exchange_) exchange_->finish();
}

void Pass::on_error(const origin::FetchError& error) {
  log_warning("origin.failed", error.detail);
  if (error.may_have_arrived && may_yet_succeed()) fence();
  end();
  if (!exchange_) return services_.aftermath.remove(*this);
  answer_origin_error(*exchange_, error.error, http::to_text(error.error), plan_.reason, error.retry_after);
}

void Pass::fence(std::optional<std::uint64_t> version) {
  if (fenced_) return;
  fenced_ = true;
  services_.invalidator.unsafe_request(plan_.avatar, version, plan_.is_delete);
}

// RFC 9111 section 4.4: what the answer to an unsafe request names here has changed as well.
void Pass::fence_named(const http::ResponseHead& head) {
  const ServingOptions& options = *services_.options;
  std::vector<std::string_view> authorities(options.origin_authorities.begin(), options.origin_authorities.end());
  if (!plan_.host.empty()) authorities.push_back(plan_.host);
  for (const auto name : {http::FieldName::Location, http::FieldName::ContentLocation}) {
    const auto reference = head.fields.single(name);
    const auto named = reference ? http::try_resolve_here(*reference, plan_.target, authorities) : std::nullopt;
    if (!named) continue;
    std::string scratch;
    const auto target = http::parse_target(*named, scratch);
    if (!target) continue;
    std::string avatar_scratch;
    const std::string_view avatar = options.routes.avatar_of(target->path, avatar_scratch).avatar;
    if (avatar != plan_.avatar) services_.invalidator.unsafe_request(avatar, std::nullopt, false);
  }
}

void Pass::end() {
  ended_ = true;
  fetch_.reset();
}

std::string Pass::own_lines(std::uint16_t forward_status) const {
  std::string lines = "via: 1.1 avatar-edge\r\ncache-status: ";
  http::append_cache_status(lines,
                            {.forwarded = plan_.reason, .forward_status = forward_status, .detail = plan_.detail});
  lines += "\r\n";
  return lines;
}

void Aftermath::remove(Pass& pass) {
  const auto place =
      std::find_if(passes_.begin(), passes_.end(), [&](const auto& held) { return held.get() == &pass; });
  if (place == passes_.end()) return;
  loop_.destroy_later(std::move(*place));
  passes_.erase(place);
}

}  // namespace edge::serving
