#include "app/reload_command.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/admin_client.h"
#include "app/config.h"
#include "base/units.h"

namespace edge::app {
namespace {

using nlohmann::json;

// For the way there and back, and for reading the files, besides what is waited for.
constexpr std::chrono::seconds kPatience{5};

int failed(const std::string& why) {
  std::fprintf(stderr, "avatar-edge: %s\n", why.c_str());
  return 1;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

// What the edge has answered. Throws where that is not of this form.
int tell(const OneAnswer& answer) {
  const json said = json::parse(answer.body);
  if (!said.contains("id")) return failed("the edge answered: " + said.value("error", answer.body));
  const std::string name = "reload " + std::to_string(said.value("id", std::uint64_t{0}));
  if (answer.status == 202) {
    std::printf("%s: asked for\n", name.c_str());
    return 0;
  }
  const auto problems = said.value("problems", std::vector<std::string>{});
  for (const std::string& problem : problems) std::fprintf(stderr, "%s\n", problem.c_str());
  if (!problems.empty()) return failed(name + ": failed; the running configuration stays in force");
  const auto needs_restart = said.value("needs_restart", std::vector<std::string>{});
  if (!needs_restart.empty())
    std::printf("%s: a restart is needed for %s\n", name.c_str(), joined(needs_restart).c_str());
  if (answer.status != 200)
    return failed(name + ": not over; " + std::to_string(said.value("workers_left", 0)) +
                  " workers have yet to take it over");
  std::printf("%s: done, on every worker\n", name.c_str());
  return 0;
}

}  // namespace

int reload(const std::string& config_file, std::optional<std::chrono::milliseconds> wait) {
  const auto config = load_or_complain(config_file);
  if (!config) return 1;
  const std::string target = wait ? "/reload?wait=" + format_duration(*wait) : "/reload";
  const auto answer =
      ask_admin(config->admin, "POST", target, {}, kPatience + wait.value_or(std::chrono::milliseconds{0}));
  if (!answer) return failed(answer.error().message);
  try {
    return tell(*answer);
  } catch (const json::exception&) {  // The library's boundary.
    return failed("the edge answered: " + answer->body);
  }
}

}  // namespace edge::app
