// The inside of a TlsContext, and what OpenSSL asks of it during a handshake. For this folder's tls_ files alone.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "net/tls_certificate.h"
#include "net/tls_context.h"
#include "net/tls_library.h"

namespace edge::net {

using SslContextHandle = CHandle<SSL_CTX, SSL_CTX_free>;

// Constant once loaded.
struct TlsContext::Parts {
  struct Certified {
    TlsCertificate certificate;
    KeyHandle key;
    OcspStaple staple;  // Empty: none.
  };

  std::vector<Certified> certificates;
  // One for each set of certificates that some name has; OpenSSL chooses within it by the client's algorithms.
  std::vector<SslContextHandle> contexts;
  std::unordered_map<std::string, SSL_CTX*> by_name;  // "a.example" and "*.example", in lower case.
  SSL_CTX* otherwise = nullptr;                       // For who asks for no name, or another.
  bool http2 = true;
  std::shared_ptr<TlsTicketKeys> ticket_keys;
  std::chrono::milliseconds ticket_rotation{};

  // RFC 6125 section 6.4.3: a wildcard stands for one whole label, the first. Null: nobody has that name.
  SSL_CTX* find(std::string_view server_name) const;

  // Makes OpenSSL ask these parts. They must outlive the context and what is made of it.
  void attach(SSL_CTX* context) const;

 private:
  static const Parts& of(SSL* ssl) noexcept;
  static int on_server_name(SSL* ssl, int* alert, void* self) noexcept;
  static int on_alpn(SSL* ssl, const unsigned char** chosen, unsigned char* chosen_bytes, const unsigned char* offered,
                     unsigned int offered_bytes, void* self) noexcept;
  static int on_status_request(SSL* ssl, void* self) noexcept;
  static int on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                       int encrypts) noexcept;

  int choose_context(SSL* ssl) const;
  int choose_protocol(const unsigned char** chosen, unsigned char* chosen_bytes, const unsigned char* offered,
                      unsigned int offered_bytes) const;
  int staple(SSL* ssl) const;
  int encrypt_ticket(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) const;
  int decrypt_ticket(SSL* ssl, const unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                     EVP_MAC_CTX* mac) const;
};

}  // namespace edge::net
