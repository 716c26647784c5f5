#include "frontend/client_access.h"

#include <string_view>

#include "base/text.h"

namespace edge::frontend {
namespace {

std::string_view unquoted(std::string_view text) {
  return text.size() >= 2 && text.front() == '"' && text.back() == '"' ? text.substr(1, text.size() - 2) : text;
}

// An address, perhaps with a port: "192.0.2.1", "192.0.2.1:4711", "2001:db8::1", "[2001:db8::1]:4711".
std::optional<net::Ip> try_node(std::string_view text) {
  if (text.starts_with('[')) return net::try_ip(text.substr(1, text.find(']') - 1));
  const std::size_t colon = text.find(':');
  const bool has_port = colon != std::string_view::npos && text.find(':', colon + 1) == std::string_view::npos;
  return net::try_ip(has_port ? text.substr(0, colon) : text);
}

// Takes the last part off `text`: what stands behind the last `separator` outside quoted strings. Read from the right,
// since only what stands there is of somebody who is trusted: whatever stands left of it, quotes that do not end
// included, changes nothing of it.
std::string_view take_last(std::string_view& text, char separator, bool has_quotes) {
  bool is_quoted = false;
  std::size_t begin = text.size();
  for (; begin > 0; --begin) {
    const char c = text[begin - 1];
    if (c == separator && !is_quoted) break;
    if (has_quotes && c == '"' && (begin < 2 || text[begin - 2] != '\\')) is_quoted = !is_quoted;
  }
  const std::string_view last = trim(text.substr(begin));
  text = text.substr(0, begin == 0 ? 0 : begin - 1);
  return last;
}

// RFC 7239 section 4: the value of "for" in one element.
std::string_view node_of(std::string_view element) {
  constexpr std::string_view kFor = "for=";
  while (!element.empty()) {
    const std::string_view pair = take_last(element, ';', true);
    if (equals_ignoring_case(pair.substr(0, kFor.size()), kFor)) return unquoted(pair.substr(kFor.size()));
  }
  return {};
}

Result<net::Networks> make_networks(const std::vector<std::string>& texts) {
  std::vector<net::Network> networks;
  for (const std::string& text : texts) {
    const auto network = net::parse_network(text);
    if (!network) return Failure{network.error()};
    networks.push_back(*network);
  }
  return net::Networks(networks);
}

}  // namespace

std::optional<net::Ip> ClientAccess::forwarded_client(const http::Fields& fields) const {
  const bool is_forwarded = field_ == ClientField::Forwarded;
  const http::FieldName name = is_forwarded ? http::FieldName::Forwarded : http::FieldName::XForwardedFor;
  std::optional<net::Ip> client;
  // Clang 14, which the fuzz targets are built with, knows no view of what stands here in reverse.
  for (auto field = fields.end(); field != fields.begin();) {
    --field;
    if (field->id != name) continue;
    for (std::string_view hops = field->value; !hops.empty();) {
      const std::string_view hop = take_last(hops, ',', is_forwarded);
      if (hop.empty()) continue;
      const auto address = try_node(is_forwarded ? node_of(hop) : hop);
      if (!address) return client;
      client = address;
      if (!trusts(*address)) return client;
    }
  }
  return client;
}

Result<net::AccessList> make_access_list(const std::vector<std::string>& allow, const std::vector<std::string>& deny) {
  auto allowed = make_networks(allow);
  if (!allowed) return Failure{allowed.error()};
  auto denied = make_networks(deny);
  if (!denied) return Failure{denied.error()};
  return net::AccessList(*std::move(allowed), *std::move(denied));
}

Result<ClientAccess> make_client_access(const AccessOptions& options) {
  auto list = make_access_list(options.allow, options.deny);
  if (!list) return Failure{list.error()};
  auto trusted = make_networks(options.trusted_proxies);
  if (!trusted) return Failure{trusted.error()};
  return ClientAccess(*std::move(list), *std::move(trusted), options.client_field);
}

}  // namespace edge::frontend
