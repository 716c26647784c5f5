#include "net/tls_loader.h"

#include <algorithm>

namespace edge::net {
namespace {

// Tickets of keys in a file last as long as those of the default rotation at most do.
constexpr std::chrono::hours kTicketLifeWithFile{24};
constexpr std::chrono::hours kTicketLifeMax{7 * 24};  // RFC 8446 section 4.6.1.

// Which key signs: OpenSSL has a place for one of each kind.
int kind_of(const TlsCertificate& certificate) {
  return EVP_PKEY_get_base_id(X509_get0_pubkey(certificate.leaf.get()));
}

SslContextHandle new_context() {
  SslContextHandle context{SSL_CTX_new(TLS_server_method())};
  EDGE_CHECK(context);
  return context;
}

std::vector<std::string> words_of(std::string_view list) {
  std::vector<std::string> words;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find_first_of(": ,"), list.size());
    if (end > 0) words.emplace_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return words;
}

bool has_cipher(const SSL_CTX* context, std::string_view name) {
  const STACK_OF(SSL_CIPHER)* const all = SSL_CTX_get_ciphers(context);
  for (int i = 0; i < sk_SSL_CIPHER_num(all); ++i)
    if (name == SSL_CIPHER_get_name(sk_SSL_CIPHER_value(all, i))) return true;
  return false;
}

std::string wildcard_of(const std::string& name) { return "*" + name.substr(std::min(name.find('.'), name.size())); }

}  // namespace

LoadedTls TlsLoader::load() {
  load_certificate_files();
  load_ticket_key_file();
  load_client_ca();
  check_ciphers();
  check_ciphersuites();
  if (faults_.empty()) make_contexts();
  if (!faults_.empty()) return {nullptr, std::move(faults_)};
  return {std::move(context_), {}};
}

// A certificate may be in several sets, and is wrong in each of them.
void TlsLoader::fault(At at, std::string text, std::size_t item) {
  const bool is_known = std::ranges::any_of(faults_, [&](const TlsFault& other) { return other.text == text; });
  if (!is_known) faults_.push_back({at, item, std::move(text)});
}

void TlsLoader::load_certificate_files() {
  if (options_.certificates.empty()) fault(At::Certificates, "no certificates");
  for (std::size_t i = 0; i < options_.certificates.size(); ++i) {
    const TlsCertificateFiles& files = options_.certificates[i];
    auto certificate = load_certificate(files.certificate);
    if (!certificate) fault(At::Certificate, certificate.error().message, i);
    auto key = load_key(files.key);
    if (!key) fault(At::Key, key.error().message, i);
    if (!certificate) continue;
    if (key && X509_check_private_key(certificate->leaf.get(), key->get()) != 1) {
      ERR_clear_error();
      fault(At::Key, "'" + files.key + "': the key does not match the certificate in '" + files.certificate + "'", i);
    }
    OcspStaple staple;
    if (!files.ocsp.empty()) {
      auto loaded = load_ocsp_response(files.ocsp, *certificate);
      if (loaded)
        staple = *std::move(loaded);
      else
        fault(At::Ocsp, loaded.error().message, i);
    }
    if (!faults_.empty()) continue;
    context_->expiries_.push_back({certificate->file, certificate->not_after});
    parts().certificates.push_back({*std::move(certificate), *std::move(key), std::move(staple)});
  }
}

void TlsLoader::load_ticket_key_file() {
  parts().ticket_keys = own_keys_;
  parts().ticket_rotation = options_.ticket_rotation;
  if (options_.ticket_keys_file.empty()) return;
  auto keys = load_ticket_keys(options_.ticket_keys_file);
  if (!keys) return fault(At::TicketKeys, keys.error().message);
  parts().ticket_keys = std::make_shared<TlsTicketKeys>(*std::move(keys));
}

void TlsLoader::load_client_ca() {
  if (options_.client_certificates == ClientCertificates::Off) return;
  auto certificates = load_certificates(options_.client_ca_file);
  if (!certificates) return fault(At::ClientCa, certificates.error().message);
  client_ca_ = *std::move(certificates);
}

// OpenSSL skips names that it does not know, so that a typing error would go unseen.
void TlsLoader::check_ciphers() {
  const SslContextHandle context = new_context();
  for (const std::string& word : words_of(options_.ciphers)) {
    const bool is_name = word.find_first_of("!+@=") == std::string::npos && word.front() != '-';
    if (is_name && SSL_CTX_set_cipher_list(context.get(), word.c_str()) != 1)
      fault(At::Ciphers, "no cipher of TLS 1.2: '" + word + "'; openssl ciphers -tls1_2 -s names them");
  }
  if (SSL_CTX_set_cipher_list(context.get(), options_.ciphers.c_str()) != 1)
    fault(At::Ciphers, "no cipher of TLS 1.2 is left; openssl ciphers -tls1_2 -s names them");
  ERR_clear_error();
}

void TlsLoader::check_ciphersuites() {
  const std::vector<std::string> words = words_of(options_.ciphersuites);
  for (const std::string& word : words) {
    const SslContextHandle context = new_context();
    if (SSL_CTX_set_ciphersuites(context.get(), word.c_str()) != 1 || !has_cipher(context.get(), word))
      fault(At::Ciphersuites, "no ciphersuite of TLS 1.3: '" + word + "'; openssl ciphers -tls1_3 -s names them");
  }
  if (words.empty()) fault(At::Ciphersuites, "no ciphersuite of TLS 1.3 in it");
  ERR_clear_error();
}

// Those that have the name, then those that have it by a wildcard: one of another kind may help a client that cannot
// use the first.
TlsLoader::Set TlsLoader::set_for(const std::string& name) const {
  Set set;
  for (const std::string& wanted : {name, wildcard_of(name)})
    for (std::size_t i = 0; i < parts().certificates.size(); ++i) {
      const auto& names = parts().certificates[i].certificate.names;
      if (std::ranges::find(names, wanted) != names.end() && std::ranges::find(set, i) == set.end()) set.push_back(i);
    }
  return set;
}

TlsLoader::Set TlsLoader::set_otherwise() const {
  const auto& names = parts().certificates.front().certificate.names;
  Set set = names.empty() ? Set{} : set_for(names.front());
  std::erase(set, 0u);
  set.insert(set.begin(), 0);
  return set;
}

void TlsLoader::make_contexts() {
  parts().http2 = options_.http2;
  parts().otherwise = context_for(set_otherwise());
  for (const auto& one : parts().certificates)
    for (const std::string& name : one.certificate.names)
      if (!parts().by_name.contains(name)) parts().by_name[name] = context_for(set_for(name));
}

SSL_CTX* TlsLoader::context_for(const Set& set) {
  if (const auto made = made_.find(set); made != made_.end()) return made->second;
  SSL_CTX* const context = parts().contexts.emplace_back(make_context(set)).get();
  return made_[set] = context;
}

SslContextHandle TlsLoader::make_context(const Set& set) {
  SslContextHandle context = new_context();
  std::vector<int> kinds;
  for (const std::size_t i : set) {
    const auto& [certificate, key, staple] = parts().certificates[i];
    if (std::ranges::find(kinds, kind_of(certificate)) != kinds.end()) continue;
    kinds.push_back(kind_of(certificate));
    if (SSL_CTX_use_cert_and_key(context.get(), certificate.leaf.get(), key.get(), certificate.chain.get(), 1) != 1)
      fault(At::Certificate, "'" + certificate.file + "': OpenSSL does not use it: " + take_library_reason(), i);
  }
  set_policy(context.get());
  parts().attach(context.get());
  return context;
}

void TlsLoader::set_policy(SSL_CTX* context) const {
  SSL_CTX_set_min_proto_version(context, options_.min_version == TlsVersion::Tls13 ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                   SSL_OP_PRIORITIZE_CHACHA);
  // Half of what an idle connection takes (16 rather than 29 KiB). TlsStream does without it within a write.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  EDGE_CHECK(SSL_CTX_set_cipher_list(context, options_.ciphers.c_str()) == 1);
  EDGE_CHECK(SSL_CTX_set_ciphersuites(context, options_.ciphersuites.c_str()) == 1);

  // Resumption is by tickets alone, which any worker and any node with the same keys can take.
  constexpr std::string_view kSessionContext = "avatar-edge";
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_session_id_context(context, reinterpret_cast<const unsigned char*>(kSessionContext.data()),
                                 static_cast<unsigned int>(kSessionContext.size()));
  const auto life = options_.ticket_keys_file.empty()
                        ? std::min<std::chrono::milliseconds>(2 * options_.ticket_rotation, kTicketLifeMax)
                        : std::chrono::milliseconds{kTicketLifeWithFile};
  SSL_CTX_set_timeout(context, std::chrono::ceil<std::chrono::seconds>(life).count());
  SSL_CTX_set_num_tickets(context, 1);
  if (options_.client_certificates == ClientCertificates::Off) return;

  // A session that is resumed would bring its client's certificate along, verified long ago. So none is.
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(context, 0);
  const bool is_required = options_.client_certificates == ClientCertificates::Required;
  SSL_CTX_set_verify(context, is_required ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT : SSL_VERIFY_PEER,
                     nullptr);
  for (int i = 0; i < sk_X509_num(client_ca_.get()); ++i) {
    X509* const authority = sk_X509_value(client_ca_.get(), i);
    EDGE_CHECK(X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority) == 1);
    EDGE_CHECK(SSL_CTX_add_client_CA(context, authority) == 1);
  }
}

}  // namespace edge::net
