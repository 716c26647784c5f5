#include "app/top_command.h"

#include <cstdio>
#include <optional>
#include <random>
#include <thread>

#include "app/admin_client.h"
#include "app/config.h"
#include "app/terminal.h"
#include "app/top_report.h"

namespace edge::app {
namespace {

// An edge that takes longer to say how it is does not do well; and who wishes to end waits no longer.
constexpr std::chrono::seconds kPatience{2};

int failed(const std::string& why) {
  std::fprintf(stderr, "avatar-edge: %s\n", why.c_str());
  return 1;
}

Result<std::string> ask(const AdminOptions& admin, std::string_view target) {
  auto answer = ask_admin(admin, "GET", target, {}, kPatience);
  if (!answer) return Failure{answer.error()};
  if (answer->status != 200) return fail(ErrorCode::Unavailable, "the edge answered: " + answer->body);
  return std::move(answer->body);
}

// Looks at one edge.
class Looker {
 public:
  Looker(const AdminOptions& admin, const Clock& clock)
      : admin_(admin), clock_(clock), hottest_("/hottest?watch=top-" + std::to_string(std::random_device{}())) {}

  // `is_last`: no other will follow.
  Result<Look> look(bool is_last = false) const {
    auto status = ask(admin_, "/status");
    if (!status) return Failure{status.error()};
    auto metrics = ask(admin_, "/metrics");
    if (!metrics) return Failure{metrics.error()};
    return Look{clock_.now(), *std::move(status), Scrape(*std::move(metrics)), ask_hottest(is_last)};
  }

 private:
  // Where an edge is of another version, or enough others watch, the report goes without.
  std::string ask_hottest(bool is_last) const {
    auto answer = ask_admin(admin_, "GET", hottest_ + (is_last ? "&last" : ""), {}, kPatience);
    return answer && answer->status == 200 ? std::move(answer->body) : std::string();
  }

  const AdminOptions& admin_;
  const Clock& clock_;
  const std::string hottest_;  // A watch of our own.
};

int report_once(const Looker& looker, std::chrono::milliseconds interval) {
  const auto before = looker.look();
  if (!before) return failed(before.error().message);
  std::this_thread::sleep_for(interval);
  const auto now = looker.look(true);
  if (!now) return failed(now.error().message);
  const auto report = describe(*before, *now);
  if (!report) return failed(report.error().message);
  std::fputs(report->c_str(), stdout);
  return 0;
}

// What there is to see now; `before` becomes the look that the next is compared with.
std::string next_page(const Looker& looker, std::optional<Look>& before) {
  auto now = looker.look();
  if (!now) {
    before.reset();
    return now.error().message + "\nlooks for it again and again\n";
  }
  std::string page = "looks at it for the first time\n";
  if (before) {
    const auto report = describe(*before, *now);
    page = report ? *report : report.error().message + "\n";
  }
  before.emplace(*std::move(now));
  return page;
}

int show(const Looker& looker, std::chrono::milliseconds interval) {
  Terminal terminal;
  std::optional<Look> before;
  do {
    terminal.draw(next_page(looker, before));
  } while (!terminal.wait(interval));
  return 0;
}

}  // namespace

int top(const std::string& config_file, const TopFlags& flags) {
  const auto config = load_or_complain(config_file);
  if (!config) return 1;
  const SystemClock clock;
  const Looker looker(config->admin, clock);
  return flags.once ? report_once(looker, flags.interval) : show(looker, flags.interval);
}

}  // namespace edge::app
