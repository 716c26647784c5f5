#include "app/config_rules.h"

#include <algorithm>
#include <array>
#include <initializer_list>

#include "app/config_address.h"
#include "app/config_checks.h"
#include "app/config_format.h"
#include "app/config_table.h"
#include "limit/rate.h"
#include "net/address.h"
#include "net/tls_context.h"

namespace edge::app {
namespace {

// The quantity `small` may not exceed `big`.
struct Order {
  std::string_view small;
  std::string_view exceeds;
  std::string_view big;
};

// What a bucket may take to be full.
constexpr std::chrono::days kBucketFullMax{365};

constexpr std::array<Order, 10> kOrders{{
    {"origin.timeouts.connect", " is longer than ", "origin.timeouts.first_byte"},
    {"origin.timeouts.connect", " is longer than ", "origin.timeouts.total"},
    {"origin.timeouts.first_byte", " is longer than ", "origin.timeouts.total"},
    {"origin.eject", " is longer than ", "origin.outlier.eject_max"},
    {"origin.health.timeout", " is longer than ", "origin.health.interval"},
    {"origin.health.status_min", " is more than ", "origin.health.status_max"},
    {"origin.breaker.open", " is longer than ", "origin.breaker.open_max"},
    {"upgrade.handover", " is longer than ", "upgrade.patience"},
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
    for (std::size_t i = 0; i < config_.listen.size(); ++i) check_tls(i);
    check_proxy_protocol();
    check_signed_urls();
    check_admin();
    check_logs();
    check_registry();
    check_overload();
    for (std::size_t i = 0; i < config_.limits.rates.size(); ++i)
      check_rate("limits.rates[" + std::to_string(i) + "]", config_.limits.rates[i]);
    check_rate("limits.degraded", config_.limits.degraded);
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
    const auto value = [&](const ConfigKey& key) { return std::get<Quantity>(key.kind).member.read(config_, {}); };
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
    if (!is_known({path, other_path}) || other.starts_with(net::kUnixPrefix)) return;
    if (!overlaps(*parse_socket_address(address), *parse_socket_address(other))) return;
    complain({path, other_path}, path + " (" + address + ") takes what " + other_path + " (" + other + ") asks for");
  }

  // Also reads the files, because whether they belong together shows in them alone.
  void check_tls(std::size_t item) {
    const net::TlsOptions& tls = config_.listen[item].tls;
    const std::string path = "listen[" + std::to_string(item) + "].tls";
    if (!places_.good.contains(path)) return;
    if (std::ranges::any_of(places_.bad, [&](const std::string& bad) { return bad.starts_with(path); })) return;
    const std::size_t problems_before = problems_.size();
    if (tls.certificates.empty())
      complain({path}, path + ".certificates is missing; write at least one, or leave out tls");
    for (std::size_t i = 0; i < tls.certificates.size(); ++i) {
      const std::string one = path + ".certificates[" + std::to_string(i) + "]";
      if (tls.certificates[i].certificate.empty()) complain({one}, one + ".certificate is missing");
      if (tls.certificates[i].key.empty()) complain({one}, one + ".key is missing");
    }
    check_tls_keys(tls, path);
    if (problems_.size() > problems_before) return;
    for (const net::TlsFault& fault : net::load_tls(tls, nullptr).faults) {
      const std::string at = path + tls_key(fault);
      complain({path, at}, at + ": " + fault.text);
    }
  }

  void check_tls_keys(const net::TlsOptions& tls, const std::string& path) {
    const std::string ask = path + ".client_certificates", ca = path + ".client_ca_file";
    const bool asks = tls.client_certificates != net::ClientCertificates::Off;
    if (asks && tls.client_ca_file.empty()) complain({ask, ca}, ca + " is missing; " + ask + " needs it");
    if (!asks && !tls.client_ca_file.empty())
      complain({ask, ca}, ca + " is of no use, because " + ask + " is off; write optional or required");
    const std::string rotation = path + ".ticket_rotation", file = path + ".ticket_keys_file";
    if (places_.good.contains(rotation) && !tls.ticket_keys_file.empty())
      complain({rotation, file},
               rotation + " is of no use, because the keys of " + file + " do not rotate by themselves");
    const std::string ciphers = path + ".ciphers", version = path + ".min_version";
    if (places_.good.contains(ciphers) && tls.min_version == net::TlsVersion::Tls13)
      complain({ciphers, version}, ciphers + " is of no use, because it is about TLS 1.2 and " + version + " is 1.3");
  }

  static std::string tls_key(const net::TlsFault& fault) {
    const std::string one = ".certificates[" + std::to_string(fault.item) + "]";
    switch (fault.at) {
      case net::TlsFault::At::Certificates:
        return ".certificates";
      case net::TlsFault::At::Certificate:
        return one + ".certificate";
      case net::TlsFault::At::Key:
        return one + ".key";
      case net::TlsFault::At::Ocsp:
        return one + ".ocsp";
      case net::TlsFault::At::Ciphers:
        return ".ciphers";
      case net::TlsFault::At::Ciphersuites:
        return ".ciphersuites";
      case net::TlsFault::At::ClientCa:
        return ".client_ca_file";
      case net::TlsFault::At::TicketKeys:
        return ".ticket_keys_file";
    }
    EDGE_CHECK(false);
  }

  // A header that anybody may write would be worth nothing.
  void check_proxy_protocol() {
    if (!config_.access.trusted_proxies.empty() || !is_known({"access.trusted_proxies"})) return;
    for (std::size_t i = 0; i < config_.listen.size(); ++i) {
      const std::string path = "listen[" + std::to_string(i) + "].proxy_protocol";
      if (config_.listen[i].proxy_protocol)
        complain({path, "access.trusted_proxies"}, "access.trusted_proxies is missing; " + path + " needs it");
    }
  }

  // Also reads the secrets.
  void check_signed_urls() {
    serving::SignedUrlOptions& urls = config_.signed_urls;
    if (!is_known({"signed_urls.routes", "signed_urls.keys"})) return;
    if (!urls.routes.empty() && urls.keys.empty())
      complain({"signed_urls.routes", "signed_urls.keys"}, "signed_urls.keys is missing; signed_urls.routes needs one");
    if (urls.routes.empty() && !urls.keys.empty())
      complain({"signed_urls.keys[0]"}, "signed_urls.keys is of no use without signed_urls.routes");
    for (std::size_t i = 0; i < urls.keys.size(); ++i) {
      const std::string path = "signed_urls.keys[" + std::to_string(i) + "]";
      const std::string id = path + ".id", file = path + ".secret_file";
      if (!is_known({id, file})) continue;
      if (urls.keys[i].id.empty()) complain({path}, id + " is missing");
      for (std::size_t j = 0; j < i; ++j)
        if (urls.keys[i].id == urls.keys[j].id) complain({id}, id + " (" + urls.keys[i].id + ") is there already");
      if (urls.keys[i].secret_file.empty()) {
        complain({path}, file + " is missing");
      } else if (auto secret = read_token(urls.keys[i].secret_file)) {
        urls.keys[i].secret = *std::move(secret);
      } else {
        complain({file}, file + ": " + secret.error().message);
      }
    }
  }

  // Also reads the token, and the files of TLS.
  void check_admin() {
    check_admin_socket();
    check_admin_tls();
    check_admin_clients();
    if (!is_known({"admin.token_file"}) || config_.admin.token_file.empty()) return;
    auto token = read_token(config_.admin.token_file);
    if (!token) return complain({"admin.token_file"}, "admin.token_file: " + token.error().message);
    config_.admin.token = *std::move(token);
  }

  // Somebody must guard it.
  void check_admin_clients() {
    const AdminOptions& admin = config_.admin;
    if (!is_known({"admin.address", "admin.token_file", "admin.socket_mode", "admin.tls.client_ca_file"})) return;
    if (!admin.token_file.empty() || !admin.tls.client_ca_file.empty()) return;
    if (!admin.is_unix() && !parse_socket_address(admin.address)->is_loopback())
      complain({"admin.address", "admin.token_file"},
               "admin.token_file is missing; admin.address (" + admin.address +
                   ") is not loopback, so requests need a token, or clients a certificate (admin.tls.client_ca_file)");
    constexpr std::string_view kMayWrite = "2367";
    if (admin.is_unix() && kMayWrite.find(admin.socket_mode.back()) != std::string_view::npos)
      complain({"admin.socket_mode", "admin.token_file"}, "admin.token_file is missing; with admin.socket_mode (" +
                                                              admin.socket_mode +
                                                              ") everybody may connect, so requests need a token");
  }

  void check_admin_socket() {
    if (!is_known({"admin.address"})) return;
    const std::string where = "admin.address (" + config_.admin.address + ")";
    if (!config_.admin.is_unix() && config_.admin.socket_mode != AdminOptions{}.socket_mode)
      complain({"admin.address", "admin.socket_mode"},
               "admin.socket_mode is of no use, because " + where + " is no UNIX socket");
    if (config_.admin.is_unix() && config_.admin.has_tls())
      complain({"admin.address", "admin.tls.certificate"},
               "admin.tls is of no use, because " + where + " is a UNIX socket, which admin.socket_mode guards");
  }

  void check_admin_tls() {
    const AdminTlsOptions& tls = config_.admin.tls;
    const AdminClientOptions& client = config_.admin.client;
    if (std::ranges::any_of(places_.bad, [](const std::string& bad) { return bad.starts_with("admin."); })) return;
    const std::size_t problems_before = problems_.size();
    check_together("admin.tls.certificate", tls.certificate, "admin.tls.key", tls.key);
    check_together("admin.client.certificate", client.certificate, "admin.client.key", client.key);
    if (!config_.admin.has_tls())
      for (const std::string_view path :
           {"admin.tls.client_ca_file", "admin.client.certificate", "admin.client.ca_file", "admin.client.server_name"})
        if (format_value(*find_config_key(path), config_) != "null")
          complain({path}, std::string(path) + " is of no use without admin.tls.certificate");
    if (problems_.size() > problems_before || !config_.admin.has_tls()) return;
    for (const net::TlsFault& fault : net::load_tls(config_.admin.listener().tls, nullptr).faults) {
      const std::string_view path = fault.at == net::TlsFault::At::Key        ? "admin.tls.key"
                                    : fault.at == net::TlsFault::At::ClientCa ? "admin.tls.client_ca_file"
                                                                              : "admin.tls.certificate";
      complain({path}, std::string(path) + ": " + fault.text);
    }
  }

  void check_together(const std::string& path, const std::string& file, const std::string& other_path,
                      const std::string& other) {
    if (file.empty() == other.empty()) return;
    const std::string& missing = file.empty() ? path : other_path;
    complain({path, other_path}, missing + " is missing; " + (file.empty() ? other_path : path) + " needs it");
  }

  // Two writers would tear each other's lines, and rotate each other's file.
  void check_logs() {
    if (config_.log.file == "-" || config_.log.file != config_.access_file) return;
    if (!is_known({"log.file", "log.access_file"})) return;
    complain({"log.file", "log.access_file"}, "log.access_file is the same file as log.file; give each its own");
  }

  void check_rate(const std::string& path, const serving::RateOptions& options) {
    const std::string by = path + ".by", header = path + ".header", rate = path + ".rate", burst = path + ".burst";
    if (!is_known({by, header, rate, burst})) return;
    const bool is_by_header = options.by == metrics::RateKind::Header;
    if (is_by_header && options.header.empty())
      complain({path, by, header}, header + " is missing; " + by + " needs it");
    if (!is_by_header && !options.header.empty())
      complain({by, header}, header + " is of no use, because " + by + " is not header");
    const auto filled = *limit::parse_rate(options.rate);
    const double whole = static_cast<double>(filled.interval.count()) * (options.burst ? options.burst : filled.burst);
    if (whole > static_cast<double>(std::chrono::nanoseconds(kBucketFullMax).count()))
      complain({path, rate, burst}, burst + " (" + std::to_string(options.burst) + ") is more than " + rate + " (" +
                                        options.rate + ") brings in 365 days");
  }

  // PROTOCOL R17: a node must not be forgotten while it may still serve.
  void check_registry() {
    if (!is_known({"updates.lease", "updates.registry"}) || config_.updates.registry >= 2 * config_.updates.lease)
      return;
    complain({"updates.lease", "updates.registry"}, named(*find_config_key("updates.registry")) +
                                                        " is less than twice " +
                                                        named(*find_config_key("updates.lease")));
  }

  // What the cache may take would be too much already.
  void check_overload() {
    const std::uint64_t limit = config_.overload.memory_bytes;
    if (limit == 0 || limit >= config_.cache.memory_bytes || !is_known({"overload.memory", "cache.memory"})) return;
    complain({"overload.memory", "cache.memory"},
             named(*find_config_key("overload.memory")) + " is less than " + named(*find_config_key("cache.memory")));
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
