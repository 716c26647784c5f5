// Fuzzes frontend: who a trusted proxy says it speaks for, in either field, and networks.
#include <cstdint>

#include "base/check.h"
#include "frontend/client_access.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace edge;
  const std::string_view input{reinterpret_cast<const char*>(data), size};
  if (const auto network = net::parse_network(input))
    EDGE_CHECK(net::Networks({&*network, 1}).contains(network->first));
  for (const auto& [field, name] : {std::pair{frontend::ClientField::XForwardedFor, "x-forwarded-for"},
                                    std::pair{frontend::ClientField::Forwarded, "forwarded"}}) {
    const auto access = frontend::make_client_access(
        {.allow = {}, .deny = {}, .trusted_proxies = {"10.0.0.0/8", "2001:db8::/32"}, .client_field = field});
    http::Fields fields;
    fields.add(name, input);
    const auto client = access->forwarded_client(fields);
    if (client) EDGE_CHECK(net::try_ip(client->text()) == client);
  }
  return 0;
}
