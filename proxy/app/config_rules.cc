#include "app/config_rules.h"

#include <algorithm>
#include <array>
#include <initializer_list>

#include "app/config_address.h"
#include "app/config_checks.h"
#include "app/config_table.h"

namespace edge::app {
namespace {

// The quantity `small` may not exceed `big`.
struct Order {
  std::string_view small;
  std::string_view exceeds;
  std::string_view big;
};

constexpr std::array<Order, 5> kOrders{{
    {"origin.timeouts.connect", " is longer than ", "origin.timeouts.first_byte"},
    {"origin.timeouts.connect", " is longer than ", "origin.timeouts.total"},
    {"origin.timeouts.first_byte", " is longer than ", "origin.timeouts.total"},
    {"cache.object_max", " is more than ", "cache.memory"},
    {"workers", " is more than ", "origin.max_concurrent"},  // A worker without a fetch of its own could fill nothing.
}};

class Rules {
 public:
  Rules(const Places& places, Config& config, std::vector<Problem>& problems)
      : places_(places), config_(config), problems_(problems) {}

  void apply() {
    for (const Order& order : kOrders) check(order);
    check_listeners();
    check_admin();
    check_logs();
    check_registry();
  }

 private:
  // Whether all that a rule speaks of is what the file meant.
  bool is_known(std::initializer_list<std::string_view> paths) const {
    return std::ranges::none_of(paths, [&](std::string_view path) { return places_.bad.contains(path); });
  }

  // At the latest of the keys; what the file does not mention stands nowhere.
  void complain(std::initializer_list<std::string_view> paths, std::string text) {
    Position at;
    for (const std::string_view path : paths)
      if (const auto found = places_.good.find(path); found != places_.good.end()) at = std::max(at, found->second);
    problems_.push_back({at, std::move(text)});
  }

  void check(const Order& order) {
    const ConfigKey& small = *find_config_key(order.small);
    const ConfigKey& big = *find_config_key(order.big);
    const auto value = [&](const ConfigKey& key) { return std::get<Quantity>(key.kind).member.read(config_, 0); };
    if (value(small) <= value(big) || !is_known({order.small, order.big})) return;
    complain({order.small, order.big}, named(small).append(order.exceeds).append(named(big)));
  }

  std::string named(const ConfigKey& key) const {
    return std::string(key.path).append(" (").append(format_value(key, config_)).append(")");
  }

  // Each listener against those before it, and the admin's against all. Quadratic, and at most 64.
  void check_listeners() {
    for (std::size_t i = 0; i < config_.listen.size(); ++i) {
      const std::string path = listen_path(i);
      for (std::size_t j = 0; j < i; ++j)
        check_overlap(path, config_.listen[i].address, listen_path(j), config_.listen[j].address);
      check_overlap(path, config_.listen[i].address, "admin.address", config_.admin.address);
    }
  }

  static std::string listen_path(std::size_t item) { return "listen[" + std::to_string(item) + "].address"; }

  void check_overlap(const std::string& path, const std::string& address, const std::string& other_path,
                     const std::string& other) {
    if (!is_known({path, other_path})) return;
    if (!overlaps(*parse_socket_address(address), *parse_socket_address(other))) return;
    complain({path, other_path}, path + " (" + address + ") takes what " + other_path + " (" + other + ") asks for");
  }

  void check_admin() {
    const std::string& address = config_.admin.address;
    if (!is_known({"admin.address", "admin.token_file"})) return;
    if (config_.admin.token_file.empty()) {
      if (parse_socket_address(address)->is_loopback()) return;
      return complain({"admin.address", "admin.token_file"}, "admin.token_file is missing; admin.address (" + address +
                                                                 ") is not loopback, so requests need a token");
    }
    auto token = read_token(config_.admin.token_file);
    if (!token) return complain({"admin.token_file"}, "admin.token_file: " + token.error().message);
    config_.admin.token = *std::move(token);
  }

  // Two writers would tear each other's lines, and rotate each other's file.
  void check_logs() {
    if (config_.log.file == "-" || config_.log.file != config_.access_file) return;
    if (!is_known({"log.file", "log.access_file"})) return;
    complain({"log.file", "log.access_file"}, "log.access_file is the same file as log.file; give each its own");
  }

  // PROTOCOL R17: a node must not be forgotten while it may still serve.
  void check_registry() {
    if (!is_known({"updates.lease", "updates.registry"}) || config_.updates.registry >= 2 * config_.updates.lease)
      return;
    complain({"updates.lease", "updates.registry"}, named(*find_config_key("updates.registry")) +
                                                        " is less than twice " +
                                                        named(*find_config_key("updates.lease")));
  }

  const Places& places_;
  Config& config_;
  std::vector<Problem>& problems_;
};

}  // namespace

void apply_rules(const Places& places, Config& config, std::vector<Problem>& problems) {
  Rules(places, config, problems).apply();
}

}  // namespace edge::app
