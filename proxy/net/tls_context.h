// What all connections of a listener share for TLS: certificates by name, versions and ciphers, whose clients'
// certificates are good, and the keys of session tickets.
//
// Immutable, so any thread may use it; a reload makes a new one, and what was accepted before keeps the old.
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/handle.h"
#include "base/result.h"
#include "net/tls_options.h"
#include "net/tls_tickets.h"

// OpenSSL's own; its headers stay out of this one.
struct ssl_st;

namespace edge::net {

void free_ssl(ssl_st* ssl) noexcept;
using SslHandle = CHandle<ssl_st, free_ssl>;

class TlsContext {
 public:
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  struct Expiry {
    std::string file;  // Of the certificate.
    std::chrono::sys_seconds not_after;
  };
  std::span<const Expiry> expiries() const { return expiries_; }

  // For one accepted connection, which must keep this context for as long.
  SslHandle make_ssl() const;

 private:
  friend class TlsLoader;
  struct Parts;  // What has to do with OpenSSL.

  TlsContext();

  const std::unique_ptr<Parts> parts_;
  std::vector<Expiry> expiries_;
};

// What is wrong with options, and with which of them.
struct TlsFault {
  enum class At { Certificates, Certificate, Key, Ocsp, Ciphers, Ciphersuites, ClientCa, TicketKeys };
  At at;
  std::size_t item;  // Which of the certificates, where it is about one.
  std::string text;  // Names the file, if it is about one.
};

// The context, exactly when there are no faults.
struct LoadedTls {
  std::shared_ptr<const TlsContext> context;
  std::vector<TlsFault> faults;
};

// Reads all the files. `own_keys` encrypt tickets where the options name no file of keys.
LoadedTls load_tls(const TlsOptions& options, std::shared_ptr<TlsTicketKeys> own_keys);

// The same for who needs only the first fault.
Result<std::shared_ptr<const TlsContext>> make_tls_context(const TlsOptions& options,
                                                           std::shared_ptr<TlsTicketKeys> own_keys);

}  // namespace edge::net
