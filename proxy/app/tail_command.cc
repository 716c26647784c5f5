#include "app/tail_command.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/admin_stream.h"
#include "app/config.h"
#include "http/characters.h"
#include "http/percent.h"

namespace edge::app {
namespace {

// The edge says something every few seconds.
constexpr std::chrono::seconds kSilence{30};

// What an edge says between the records begins so, and no record does.
constexpr std::string_view kNotice = R"({"tail":)";

int failed(const std::string& why) {
  std::fprintf(stderr, "avatar-edge: %s\n", why.c_str());
  return 1;
}

std::string target_of(const std::vector<std::string>& filters) {
  std::string target = "/tail";
  for (const std::string& filter : filters) {
    std::string more = (target == "/tail" ? "" : " and ") + filter;
    if (target == "/tail") target += "?filter=";
    for (const char c : more) {
      if (http::is_in(http::kUnreservedCharacters, c)) {
        target += c;
      } else {
        http::append_escape(target, c);
      }
    }
  }
  return target;
}

// What a notice says; empty where it needs no words.
std::string words_of(std::string_view notice) {
  const auto said = nlohmann::json::parse(notice, nullptr, false);
  if (!said.is_object()) return {};
  if (said.value("tail", "") == "dropped")
    return std::to_string(said.value("records", std::uint64_t{0})) +
           " records were left out: they came faster than they were read";
  return said.value("why", "");
}

// Shows line after line.
class Printer {
 public:
  explicit Printer(std::uint64_t count) : count_(count) {}

  // False when it is enough.
  bool print(std::string_view line) {
    if (line.empty()) return true;
    if (line.starts_with(kNotice)) {
      std::fprintf(stderr, "avatar-edge: %s\n", words_of(line).c_str());
      return true;
    }
    std::fwrite(line.data(), 1, line.size(), stdout);
    std::fputc('\n', stdout);
    // At once, for whoever watches or reads it through a pipe.
    if (std::fflush(stdout) != 0) return is_done_ = true, false;
    is_done_ = ++printed_ == count_;
    return !is_done_;
  }
  bool is_done() const { return is_done_; }

 private:
  const std::uint64_t count_;
  std::uint64_t printed_ = 0;
  bool is_done_ = false;
};

}  // namespace

int tail(const std::string& config_file, const TailFlags& flags) {
  const auto config = load_or_complain(config_file);
  if (!config) return 1;
  Printer printer(flags.count);
  const Status followed = follow_admin(config->admin, target_of(flags.filters), kSilence,
                                       [&printer](std::string_view line) { return printer.print(line); });
  if (!followed) return failed(followed.error().message);
  return printer.is_done() ? 0 : failed("the edge has ended the answer");
}

}  // namespace edge::app
