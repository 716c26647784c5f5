// A request answered by the origin alone, streamed both ways with back-pressure, and never stored.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/exchange.h"
#include "http/cache_status.h"
#include "origin/fetch.h"
#include "serving/services.h"

namespace edge::serving {

struct PassPlan {
  std::string avatar;    // Whom an unsafe request changes.
  std::string target{};  // Path and query, from which the Location of its answer is seen.
  std::string host{};    // The authority that the client asked.
  bool is_unsafe = false;
  bool is_delete = false;
  http::ForwardReason reason = http::ForwardReason::Bypass;
  std::string_view detail;  // A constant, or empty.
};

// Owned by its request, and after that has gone perhaps by the Aftermath. Loop's thread only.
class Pass final : public origin::FetchObserver {
 public:
  Pass(Services& services, frontend::Exchange& exchange, PassPlan plan);
  // An unsafe request whose outcome nobody will hear counts as a success (PROTOCOL R5).
  ~Pass();
  Pass(const Pass&) = delete;
  Pass& operator=(const Pass&) = delete;

  // Asks the origin.
  void start(origin::FetchRequest request);
  // Takes over a response whose head has come.
  void adopt(std::unique_ptr<origin::Fetch> fetch, const http::ResponseHead& head);

  void send_body(std::string_view piece);
  void end_body();
  void on_client_writable();

  // The client has gone. True when the request may yet succeed at the origin, so that somebody must stay for its
  // answer (PROTOCOL R5).
  bool must_outlive_client();

  void on_interim(const http::ResponseHead& head) override;
  origin::BodyMode on_head(const http::ResponseHead& head) override;
  void on_body(std::string_view piece) override;
  origin::BodyMode on_collect_overflow() override { return origin::BodyMode::Stream; }
  void on_end() override;
  void on_error(const origin::FetchError& error) override;
  void on_upload_drained() override;

 private:
  bool may_yet_succeed() const { return plan_.is_unsafe && !is_outcome_known_; }
  void fence(std::optional<std::uint64_t> version = std::nullopt);
  void fence_named(const http::ResponseHead& head);
  void end();
  std::string own_lines(std::uint16_t forward_status) const;

  Services& services_;
  frontend::Exchange* exchange_;  // Null when the client has gone.
  const PassPlan plan_;
  bool upload_complete_ = false;
  bool adopted_ = false;
  bool is_outcome_known_ = false;  // By the head of the answer.
  bool fenced_ = false;
  bool ended_ = false;
  std::unique_ptr<origin::Fetch> fetch_;  // Last member, so first to go.
};

// Unsafe requests whose client left before the origin had answered: each is waited for, because it may have changed
// the avatar, and fenced. Bounded by the number of requests under way at the origin. Owned by a worker.
class Aftermath {
 public:
  explicit Aftermath(event::EventLoop& loop) : loop_(loop) {}
  void adopt(std::unique_ptr<Pass> pass) { passes_.push_back(std::move(pass)); }
  void remove(Pass& pass);
  void clear() { passes_.clear(); }

 private:
  event::EventLoop& loop_;
  std::vector<std::unique_ptr<Pass>> passes_;
};

}  // namespace edge::serving
