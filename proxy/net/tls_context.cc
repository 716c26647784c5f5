#include "net/tls_context.h"

#include "net/tls_loader.h"
#include "net/tls_parts.h"

namespace edge::net {

void free_ssl(ssl_st* ssl) noexcept { SSL_free(ssl); }

TlsContext::TlsContext() : parts_(std::make_unique<Parts>()) {}

TlsContext::~TlsContext() = default;

SslHandle TlsContext::make_ssl() const {
  SslHandle ssl{SSL_new(parts_->otherwise)};
  EDGE_CHECK(ssl);
  SSL_set_accept_state(ssl.get());
  return ssl;
}

LoadedTls load_tls(const TlsOptions& options, std::shared_ptr<TlsTicketKeys> own_keys) {
  return TlsLoader(options, std::move(own_keys)).load();
}

Result<std::shared_ptr<const TlsContext>> make_tls_context(const TlsOptions& options,
                                                           std::shared_ptr<TlsTicketKeys> own_keys) {
  LoadedTls loaded = load_tls(options, std::move(own_keys));
  if (!loaded.context) return fail(ErrorCode::Malformed, loaded.faults.front().text);
  return std::move(loaded.context);
}

}  // namespace edge::net
