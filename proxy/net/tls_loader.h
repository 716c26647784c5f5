// Makes a TlsContext of options and the files that they name. For this folder's tls_ files alone.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "net/tls_context.h"
#include "net/tls_parts.h"

namespace edge::net {

// Used once, on the stack.
class TlsLoader {
 public:
  TlsLoader(const TlsOptions& options, std::shared_ptr<TlsTicketKeys> own_keys)
      : options_(options), own_keys_(std::move(own_keys)), context_(new TlsContext) {}

  LoadedTls load();

 private:
  using At = TlsFault::At;
  using Set = std::vector<std::size_t>;  // Of certificates, the preferred first.

  void fault(At at, std::string text, std::size_t item = 0);

  void load_certificate_files();
  void load_ticket_key_file();
  void load_client_ca();
  void check_ciphers();
  void check_ciphersuites();

  // Which certificates are for a name, and for none.
  Set set_for(const std::string& name) const;
  Set set_otherwise() const;
  void make_contexts();
  SSL_CTX* context_for(const Set& set);
  SslContextHandle make_context(const Set& set);
  void set_policy(SSL_CTX* context) const;

  TlsContext::Parts& parts() { return *context_->parts_; }
  const TlsContext::Parts& parts() const { return *context_->parts_; }

  const TlsOptions& options_;
  const std::shared_ptr<TlsTicketKeys> own_keys_;
  std::shared_ptr<TlsContext> context_;
  std::vector<TlsFault> faults_;
  CertificatesHandle client_ca_;
  std::map<Set, SSL_CTX*> made_;
};

}  // namespace edge::net
