// Certificates, keys and OCSP responses for tests, made up as they are needed.
#pragma once

#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/handle.h"
#include "net/tls_options.h"
#include "support/temporary_folder.h"

namespace edge::test {

class TlsFiles {
 public:
  enum class Kind { Ec, Rsa };

  struct Wish {
    std::vector<std::string> names{"a.example"};  // Of the subject's alternatives. Empty: only a common name.
    Kind kind = Kind::Ec;
    std::string common_name = "test";
    std::chrono::seconds valid_for = std::chrono::hours{1};
    std::string issuer{};  // An earlier certificate, by name. Empty: it signs itself.
    bool is_authority = false;
  };

  // NAME.pem and NAME.key.
  net::TlsCertificateFiles make(const std::string& name, const Wish& wish) {
    Key key{wish.kind == Kind::Rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256")};
    EDGE_CHECK(key);
    const Certificate certificate = sign(wish, key.get());
    write(name + ".pem", [&](BIO* to) { return PEM_write_bio_X509(to, certificate.get()); });
    write(name + ".key",
          [&](BIO* to) { return PEM_write_bio_PrivateKey(to, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
    return {path(name + ".pem"), path(name + ".key"), ""};
  }

  // What `issuer` says of `name`: good until then. The path of the file.
  std::string make_ocsp(const std::string& name, const std::string& issuer, std::chrono::seconds good_for) {
    const Certificate subject = read_certificate(name), authority = read_certificate(issuer);
    const Key key = read_key(issuer);
    const CHandle<OCSP_BASICRESP, OCSP_BASICRESP_free> basic{OCSP_BASICRESP_new()};
    const CHandle<OCSP_CERTID, OCSP_CERTID_free> id{OCSP_cert_to_id(nullptr, subject.get(), authority.get())};
    const Time from{X509_gmtime_adj(nullptr, -3600)}, until{X509_gmtime_adj(nullptr, good_for.count())};
    EDGE_CHECK(OCSP_basic_add1_status(basic.get(), id.get(), V_OCSP_CERTSTATUS_GOOD, 0, nullptr, from.get(),
                                      until.get()) != nullptr);
    EDGE_CHECK(OCSP_basic_sign(basic.get(), authority.get(), key.get(), EVP_sha256(), nullptr, 0) == 1);
    const CHandle<OCSP_RESPONSE, OCSP_RESPONSE_free> response{
        OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic.get())};
    write(name + ".ocsp", [&](BIO* to) { return i2d_OCSP_RESPONSE_bio(to, response.get()); });
    return path(name + ".ocsp");
  }

  std::string write_text(const std::string& name, const std::string& text) {
    write(name, [&](BIO* to) { return BIO_write(to, text.data(), static_cast<int>(text.size())) > 0; });
    return path(name);
  }
  std::string path(const std::string& name) const { return folder_.file(name); }

 private:
  using Key = CHandle<EVP_PKEY, EVP_PKEY_free>;
  using Certificate = CHandle<X509, X509_free>;
  using File = CHandle<BIO, BIO_free_all>;
  using Time = CHandle<ASN1_TIME, ASN1_TIME_free>;

  template <class Write>
  void write(const std::string& name, Write write_to) {
    const File file{BIO_new_file(path(name).c_str(), "wb")};
    EDGE_CHECK(file && write_to(file.get()));
  }
  Certificate read_certificate(const std::string& name) const {
    const File file{BIO_new_file(path(name + ".pem").c_str(), "rb")};
    return Certificate{PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr)};
  }
  Key read_key(const std::string& name) const {
    const File file{BIO_new_file(path(name + ".key").c_str(), "rb")};
    return Key{PEM_read_bio_PrivateKey(file.get(), nullptr, nullptr, nullptr)};
  }

  static void extend(X509* certificate, int what, const std::string& value) {
    const CHandle<X509_EXTENSION, X509_EXTENSION_free> one{X509V3_EXT_conf_nid(nullptr, nullptr, what, value.c_str())};
    EDGE_CHECK(one && X509_add_ext(certificate, one.get(), -1) == 1);
  }

  Certificate sign(const Wish& wish, EVP_PKEY* key) {
    Certificate made{X509_new()};
    X509_set_version(made.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial_);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -7200);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), wish.valid_for.count());
    X509_NAME* const subject = X509_get_subject_name(made.get());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(wish.common_name.c_str()), -1, -1, 0);
    X509_set_pubkey(made.get(), key);
    std::string alternatives;
    for (const std::string& name : wish.names) alternatives += (alternatives.empty() ? "DNS:" : ",DNS:") + name;
    if (!alternatives.empty()) extend(made.get(), NID_subject_alt_name, alternatives);
    if (wish.is_authority) extend(made.get(), NID_basic_constraints, "critical,CA:TRUE");
    const Certificate issuer = wish.issuer.empty() ? nullptr : read_certificate(wish.issuer);
    const Key issuer_key = wish.issuer.empty() ? nullptr : read_key(wish.issuer);
    X509_set_issuer_name(made.get(), issuer ? X509_get_subject_name(issuer.get()) : subject);
    EDGE_CHECK(X509_sign(made.get(), issuer_key ? issuer_key.get() : key, EVP_sha256()) > 0);
    return made;
  }

  TemporaryFolder folder_;
  long serial_ = 0;
};

}  // namespace edge::test
