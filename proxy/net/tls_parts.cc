#include "net/tls_parts.h"

#include <algorithm>
#include <cstring>

#include "base/text.h"

namespace edge::net {
namespace {

// As ALPN has them on the wire, in our order of preference.
constexpr std::string_view kBothProtocols = "\x02h2\x08http/1.1";
constexpr std::string_view kHttp1Protocol = "\x08http/1.1";

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

// What the library's own macros do, with its old-style casts.
template <class Function>
void set_callback(SSL_CTX* context, int which, Function* function) {
  SSL_CTX_callback_ctrl(context, which, reinterpret_cast<void (*)()>(function));
}

}  // namespace

SSL_CTX* TlsContext::Parts::find(std::string_view server_name) const {
  std::string name(server_name);
  std::ranges::transform(name, name.begin(), ascii_lower);
  if (const auto exact = by_name.find(name); exact != by_name.end()) return exact->second;
  const std::size_t dot = name.find('.');
  if (dot == std::string::npos || dot == 0) return nullptr;
  const auto wildcard = by_name.find(name.replace(0, dot, "*"));
  return wildcard == by_name.end() ? nullptr : wildcard->second;
}

void TlsContext::Parts::attach(SSL_CTX* context) const {
  auto* const self = const_cast<Parts*>(this);  // It comes back as const, in of() and below.
  SSL_CTX_set_app_data(context, self);
  set_callback(context, SSL_CTRL_SET_TLSEXT_SERVERNAME_CB, on_server_name);
  SSL_CTX_set_tlsext_servername_arg(context, self);
  SSL_CTX_set_alpn_select_cb(context, on_alpn, self);
  set_callback(context, SSL_CTRL_SET_TLSEXT_STATUS_REQ_CB, on_status_request);
  SSL_CTX_set_tlsext_status_arg(context, self);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket);
}

const TlsContext::Parts& TlsContext::Parts::of(SSL* ssl) noexcept {
  return *static_cast<const Parts*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
}

int TlsContext::Parts::on_server_name(SSL* ssl, int*, void* self) noexcept {
  return static_cast<const Parts*>(self)->choose_context(ssl);
}

int TlsContext::Parts::on_alpn(SSL*, const unsigned char** chosen, unsigned char* chosen_bytes,
                               const unsigned char* offered, unsigned int offered_bytes, void* self) noexcept {
  return static_cast<const Parts*>(self)->choose_protocol(chosen, chosen_bytes, offered, offered_bytes);
}

int TlsContext::Parts::on_status_request(SSL* ssl, void* self) noexcept {
  return static_cast<const Parts*>(self)->staple(ssl);
}

int TlsContext::Parts::on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                                 EVP_MAC_CTX* mac, int encrypts) noexcept {
  const Parts& self = of(ssl);
  return encrypts ? self.encrypt_ticket(name, iv, cipher, mac) : self.decrypt_ticket(ssl, name, iv, cipher, mac);
}

int TlsContext::Parts::choose_context(SSL* ssl) const {
  const char* const name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  SSL_CTX* const context = name ? find(name) : nullptr;
  if (!context) return SSL_TLSEXT_ERR_NOACK;
  SSL_set_SSL_CTX(ssl, context);
  return SSL_TLSEXT_ERR_OK;
}

// RFC 7301 section 3.2: who offers only what we do not speak is told so, rather than to guess.
int TlsContext::Parts::choose_protocol(const unsigned char** chosen, unsigned char* chosen_bytes,
                                       const unsigned char* offered, unsigned int offered_bytes) const {
  const std::string_view ours = http2 ? kBothProtocols : kHttp1Protocol;
  unsigned char* match = nullptr;
  if (SSL_select_next_proto(&match, chosen_bytes, bytes_of(ours), static_cast<unsigned int>(ours.size()), offered,
                            offered_bytes) != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *chosen = match;
  return SSL_TLSEXT_ERR_OK;
}

int TlsContext::Parts::staple(SSL* ssl) const {
  const X509* const used = SSL_get_certificate(ssl);
  const auto found =
      std::ranges::find_if(certificates, [&](const Certified& one) { return one.certificate.leaf.get() == used; });
  if (found == certificates.end() || found->staple.der.empty()) return SSL_TLSEXT_ERR_NOACK;
  // Clients take an old one worse than none. The time is the one by which OpenSSL judges certificates.
  if (found->staple.until <= std::chrono::system_clock::now()) return SSL_TLSEXT_ERR_NOACK;
  const std::string& der = found->staple.der;
  void* const copy = OPENSSL_memdup(der.data(), der.size());  // OpenSSL frees it.
  if (!copy) return SSL_TLSEXT_ERR_NOACK;
  SSL_set_tlsext_status_ocsp_resp(ssl, static_cast<unsigned char*>(copy), static_cast<int>(der.size()));
  return SSL_TLSEXT_ERR_OK;
}

int TlsContext::Parts::encrypt_ticket(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                                      EVP_MAC_CTX* mac) const {
  const TlsTicketKey key = ticket_keys->encrypting(ticket_rotation);
  std::ranges::copy(key.name, name);
  return prepare_ticket(key, iv, cipher, mac, true) ? 1 : -1;
}

int TlsContext::Parts::decrypt_ticket(SSL* ssl, const unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                                      EVP_MAC_CTX* mac) const {
  enum { Failed = -1, FullHandshake = 0, Resume = 1, ResumeAndRenew = 2 };
  const auto found = ticket_keys->try_find(std::span<const unsigned char, 16>(name, 16), ticket_rotation);
  if (!found) return FullHandshake;
  if (!prepare_ticket(found->key, iv, cipher, mac, false)) return Failed;
  // A client should use a ticket of TLS 1.3 once (RFC 8446 appendix C.4), so it needs another for the next time.
  return found->is_encrypting && SSL_version(ssl) < TLS1_3_VERSION ? Resume : ResumeAndRenew;
}

}  // namespace edge::net
