#include "admin/reload.h"

#include <nlohmann/json.hpp>

#include "admin/answers.h"
#include "admin/audit.h"
#include "admin/wait.h"
#include "event/timer.h"

namespace edge::admin {
namespace {

using std::chrono::milliseconds;

// Workers take over within a turn, which is sooner than anybody can say that they have.
constexpr milliseconds kLookInterval{2};

std::string to_text(const ReloadReport& report) {
  const std::string_view result = !report.is_over ? "asked" : report.problems.empty() ? "ok" : "failed";
  return nlohmann::json{{"id", report.id},
                        {"result", result},
                        {"problems", report.problems},
                        {"needs_restart", report.needs_restart},
                        {"workers_left", report.workers_left}}
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// Looks now and then what has become of it.
class Waiting final : public frontend::ExchangeTask {
 public:
  Waiting(frontend::Exchange& exchange, const Reload& reload, std::uint64_t id, milliseconds wait)
      : exchange_(exchange),
        reload_(reload),
        id_(id),
        until_(exchange.loop().now() + wait),
        look_(exchange.loop(), [this] { look(); }) {
    look_.arm(milliseconds{0});
  }

 private:
  void look() {
    const ReloadReport* const report = reload_.find(id_);
    if (!report) return answer_error(exchange_, 500, "others have been asked for since, and nobody remembers this one");
    if (report->is_over && !report->problems.empty()) return answer_json(exchange_, 422, to_text(*report));
    if (report->is_over && report->workers_left == 0) return answer_json(exchange_, 200, to_text(*report));
    if (exchange_.loop().now() >= until_) return answer_json(exchange_, 504, to_text(*report));
    look_.arm(kLookInterval);
  }

  frontend::Exchange& exchange_;
  const Reload& reload_;
  const std::uint64_t id_;
  const Instant until_;
  event::Timer look_;
};

}  // namespace

std::unique_ptr<frontend::ExchangeTask> start_reload(frontend::Exchange& exchange, std::string_view query,
                                                     const Reload& reload) {
  const auto wait = parse_wait(query);
  if (!wait) return answer_error(exchange, 400, wait.error().message), nullptr;
  const std::uint64_t id = reload.ask();
  audit(exchange, "admin.reload", "reload " + std::to_string(id));
  if (*wait) return std::make_unique<Waiting>(exchange, reload, id, **wait);
  return answer_json(exchange, 202, to_text({.id = id})), nullptr;
}

}  // namespace edge::admin
