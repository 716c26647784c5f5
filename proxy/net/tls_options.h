// How one listener speaks TLS. Paths are as the process sees them.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace edge::net {

struct TlsCertificateFiles {
  std::string certificate;  // PEM: the certificate, then those that lead to its issuer.
  std::string key;          // PEM, without a passphrase.
  std::string ocsp;         // DER: what the issuer's OCSP responder says of it, to be stapled. Empty: none.
};

enum class TlsVersion { Tls12, Tls13 };
enum class ClientCertificates { Off, Optional, Required };

struct TlsOptions {
  // The first is for clients that ask for a name that none has, or for none. Of those for one name, the client's
  // signature algorithms choose.
  std::vector<TlsCertificateFiles> certificates;
  TlsVersion min_version = TlsVersion::Tls12;
  // OpenSSL's names, in our order of preference: AES first, for servers and most clients have it in hardware; a client
  // that has not puts ChaCha20 first, and then so do we.
  std::string ciphers =  // Of TLS 1.2.
      "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
      "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
  std::string ciphersuites = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
  std::string client_ca_file;  // PEM: who may have issued clients' certificates.
  ClientCertificates client_certificates = ClientCertificates::Off;
  std::string ticket_keys_file;  // Shared by the nodes of a site. Empty: each makes up its own.
  std::chrono::milliseconds ticket_rotation{
      43'200'000};    // Of keys made up here. A ticket is good for one to two of these.
  bool http2 = true;  // Whether it is offered (ALPN).
};

}  // namespace edge::net
