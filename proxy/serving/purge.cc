#include "serving/purge.h"

#include "base/text.h"
#include "serving/answers.h"
#include "serving/token.h"

namespace edge::serving {

void answer_purge(frontend::Exchange& exchange, const cache::CacheKey& key, Services& services) {
  const auto& token = services.options->token;
  const std::string_view given = exchange.request().fields.value(http::FieldName::Authorization);
  const bool is_near = services.options->purges_from_loopback && exchange.client().is_loopback();
  if (token ? !is_bearer(given, *token) : !is_near)
    return answer_refusal(exchange, 403, "PURGE needs the token, or without one a client on this machine");
  const cache::Invalidated purged = services.invalidator.purge_url(key, cache::PurgeMode::Hard);
  std::string body = "{\"responses\":";
  append_unsigned(body, purged.responses);
  body += ",\"fills\":";
  append_unsigned(body, purged.fills);
  body += "}\n";
  exchange.set_outcome(metrics::Outcome::Local);
  exchange.respond({.fields = "content-type: application/json\r\ncache-control: no-store\r\n", .body = body});
}

}  // namespace edge::serving
