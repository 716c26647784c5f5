// The other side of TLS, for tests: an OpenSSL client whose bytes the test carries itself.
#pragma once

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/handle.h"
#include "net/tls_options.h"

namespace edge::test {

inline void free_session(SSL_SESSION* session) noexcept { SSL_SESSION_free(session); }
using TlsSession = std::shared_ptr<SSL_SESSION>;

struct TlsClientOptions {
  std::string server_name{};
  int version = TLS1_3_VERSION;  // This one alone.
  std::string signatures{};      // As in "RSA+SHA256". Empty: all.
  std::string alpn{};            // As on the wire: "\x02h2". Empty: nothing is said.
  bool asks_for_staple = false;
  net::TlsCertificateFiles certificate{};  // Of its own.
  TlsSession resume{};
};

class TlsClient {
 public:
  explicit TlsClient(const TlsClientOptions& options) : context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX* const context = context_.get();
    SSL_CTX_set_app_data(context, this);
    SSL_CTX_set_min_proto_version(context, options.version);
    SSL_CTX_set_max_proto_version(context, options.version);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, [](SSL* ssl, SSL_SESSION* session) {
      auto& self = *static_cast<TlsClient*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
      self.session_.reset(session, free_session);
      ++self.tickets_;
      return 1;
    });
    if (!options.signatures.empty()) EDGE_CHECK(SSL_CTX_set1_sigalgs_list(context, options.signatures.c_str()) == 1);
    if (!options.certificate.certificate.empty()) {
      EDGE_CHECK(SSL_CTX_use_certificate_chain_file(context, options.certificate.certificate.c_str()) == 1);
      EDGE_CHECK(SSL_CTX_use_PrivateKey_file(context, options.certificate.key.c_str(), SSL_FILETYPE_PEM) == 1);
    }
    ssl_.reset(SSL_new(context));
    SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(ssl_.get());
    if (!options.server_name.empty())
      SSL_ctrl(ssl_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
               const_cast<char*>(options.server_name.c_str()));
    if (!options.alpn.empty())
      SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(options.alpn.data()),
                          static_cast<unsigned int>(options.alpn.size()));
    if (options.asks_for_staple) SSL_set_tlsext_status_type(ssl_.get(), TLSEXT_STATUSTYPE_ocsp);
    if (!options.resume) return;
    // A copy, because OpenSSL lets one of TLS 1.3 be used once.
    const CHandle<SSL_SESSION, free_session> copy{SSL_SESSION_dup(options.resume.get())};
    EDGE_CHECK(SSL_set_session(ssl_.get(), copy.get()) == 1);
    begun_with_ = ticket_of(copy.get());
  }

  // Else OpenSSL would take its session for one that went wrong, which is not to be resumed.
  ~TlsClient() { SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN); }
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  // Carries the handshake on as far as it goes; true when it is over and good.
  bool shake_hands() {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    if (result != 1 && SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ) note_failure();
    return result == 1;
  }
  void write(std::string_view plain) {
    EDGE_CHECK(SSL_write(ssl_.get(), plain.data(), static_cast<int>(plain.size())) > 0);
  }
  void end() { SSL_shutdown(ssl_.get()); }
  // All that has come.
  std::string read() {
    std::string plain;
    char part[16 * 1024];
    std::size_t bytes = 0;
    ERR_clear_error();
    int result = 0;
    while ((result = SSL_read_ex(ssl_.get(), part, sizeof part, &bytes)) == 1) plain.append(part, bytes);
    const int error = SSL_get_error(ssl_.get(), result);
    if (error == SSL_ERROR_ZERO_RETURN) has_ended_ = true;
    if (error == SSL_ERROR_SSL) note_failure();
    return plain;
  }

  // Bytes from and for the network.
  std::string take() {
    std::string bytes(BIO_ctrl_pending(SSL_get_wbio(ssl_.get())), '\0');
    if (!bytes.empty()) BIO_read(SSL_get_wbio(ssl_.get()), bytes.data(), static_cast<int>(bytes.size()));
    return bytes;
  }
  void give(std::string_view bytes) {
    if (!bytes.empty()) BIO_write(SSL_get_rbio(ssl_.get()), bytes.data(), static_cast<int>(bytes.size()));
  }

  // Why it has failed, in OpenSSL's words; empty while it has not.
  const std::string& failure() const { return failure_; }
  bool has_ended() const { return has_ended_; }
  bool is_resumed() const { return SSL_session_reused(ssl_.get()) == 1; }
  // What can be resumed later: with the last ticket that came.
  TlsSession session() const {
    if (SSL_version(ssl_.get()) == TLS1_3_VERSION) return session_;
    return {SSL_get1_session(ssl_.get()), free_session};
  }
  // How many came; with TLS 1.2 it is one at most.
  int tickets() const {
    if (SSL_version(ssl_.get()) == TLS1_3_VERSION) return tickets_;
    const std::string ticket = ticket_of(SSL_get0_session(ssl_.get()));
    return ticket.empty() || ticket == begun_with_ ? 0 : 1;
  }
  std::string alpn() const {
    const unsigned char* name = nullptr;
    unsigned int size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &name, &size);
    return {reinterpret_cast<const char*>(name), size};
  }
  std::string staple() const {
    const unsigned char* der = nullptr;
    const long size = SSL_get_tlsext_status_ocsp_resp(ssl_.get(), &der);
    return size > 0 ? std::string(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)) : "";
  }
  // The common name of the server's certificate.
  std::string server() const {
    const CHandle<X509, X509_free> certificate{SSL_get1_peer_certificate(ssl_.get())};
    if (!certificate) return "";
    const X509_NAME* const subject = X509_get_subject_name(certificate.get());
    const ASN1_STRING* const name =
        X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, X509_NAME_get_index_by_NID(subject, NID_commonName, -1)));
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(name)),
            static_cast<std::size_t>(ASN1_STRING_length(name))};
  }
  SSL* ssl() { return ssl_.get(); }

 private:
  static std::string ticket_of(const SSL_SESSION* session) {
    const unsigned char* ticket = nullptr;
    std::size_t size = 0;
    SSL_SESSION_get0_ticket(session, &ticket, &size);
    return {reinterpret_cast<const char*>(ticket), size};
  }
  void note_failure() {
    const char* const reason = ERR_reason_error_string(ERR_peek_last_error());
    failure_ = reason ? reason : "unknown";
  }

  const CHandle<SSL_CTX, SSL_CTX_free> context_;
  CHandle<SSL, SSL_free> ssl_;
  TlsSession session_;
  int tickets_ = 0;
  std::string begun_with_;  // The ticket.
  bool has_ended_ = false;
  std::string failure_;
};

}  // namespace edge::test
