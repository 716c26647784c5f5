#include "net/tls_certificate.h"

#include <openssl/pem.h>

#include <algorithm>
#include <ctime>

#include "base/text.h"

namespace edge::net {
namespace {

Failure wrong(const std::string& file, std::string_view what) {
  return fail(ErrorCode::Malformed, "'" + file + "': " + std::string(what));
}

// Without it OpenSSL would ask at the terminal.
int no_passphrase(char*, int, int, void*) noexcept { return 0; }

std::chrono::sys_seconds time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return std::chrono::sys_seconds{std::chrono::seconds{timegm(&parts)}};
}

std::string lowered(const ASN1_STRING* text) {
  std::string name(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                   static_cast<std::size_t>(ASN1_STRING_length(text)));
  std::ranges::transform(name, name.begin(), ascii_lower);
  return name;
}

std::vector<std::string> names_of(const X509* leaf) {
  std::vector<std::string> names;
  const NamesHandle alternatives{
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(leaf, NID_subject_alt_name, nullptr, nullptr))};
  for (int i = 0; i < sk_GENERAL_NAME_num(alternatives.get()); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(alternatives.get(), i);
    if (name->type == GEN_DNS) names.push_back(lowered(name->d.dNSName));
  }
  if (!names.empty()) return names;
  const X509_NAME* const subject = X509_get_subject_name(leaf);
  if (const int place = X509_NAME_get_index_by_NID(subject, NID_commonName, -1); place >= 0)
    names.push_back(lowered(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, place))));
  return names;
}

Result<CertificatesHandle> parse_certificates(const std::string& file) {
  const auto text = read_tls_file(file);
  if (!text) return Failure{text.error()};
  const BioHandle bio{BIO_new_mem_buf(text->data(), static_cast<int>(text->size()))};
  CertificatesHandle all{sk_X509_new_null()};
  EDGE_CHECK(bio && all);
  ERR_clear_error();
  while (X509* const one = PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr))
    EDGE_CHECK(sk_X509_push(all.get(), one) > 0);
  const bool is_at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  const std::string reason = take_library_reason();
  if (!is_at_end) return wrong(file, "a certificate in it is damaged (" + reason + ")");
  if (sk_X509_num(all.get()) == 0) return wrong(file, "no certificate in it; write PEM, -----BEGIN CERTIFICATE-----");
  return all;
}

bool is_of(const OCSP_SINGLERESP* answer, const TlsCertificate& certificate) {
  // What is only read here is not const there.
  auto* const id = const_cast<OCSP_CERTID*>(OCSP_SINGLERESP_get0_id(answer));
  ASN1_INTEGER* serial = nullptr;
  return OCSP_id_get0_info(nullptr, nullptr, nullptr, &serial, id) == 1 &&
         ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(certificate.leaf.get())) == 0;
}

}  // namespace

Result<TlsCertificate> load_certificate(const std::string& file) {
  auto all = parse_certificates(file);
  if (!all) return Failure{all.error()};
  TlsCertificate certificate;
  certificate.file = file;
  certificate.leaf.reset(sk_X509_shift(all->get()));
  certificate.chain = *std::move(all);
  certificate.names = names_of(certificate.leaf.get());
  certificate.not_after = time_of(X509_get0_notAfter(certificate.leaf.get()));
  return certificate;
}

Result<KeyHandle> load_key(const std::string& file) {
  const auto text = read_tls_file(file);
  if (!text) return Failure{text.error()};
  const BioHandle bio{BIO_new_mem_buf(text->data(), static_cast<int>(text->size()))};
  EDGE_CHECK(bio);
  KeyHandle key{PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr)};
  ERR_clear_error();
  if (key) return key;
  const bool is_encrypted = text->find("ENCRYPTED") != std::string::npos;
  return wrong(file, is_encrypted ? "its key has a passphrase; write one without"
                                  : "no private key in it; write PEM, -----BEGIN PRIVATE KEY-----");
}

Result<OcspStaple> load_ocsp_response(const std::string& file, const TlsCertificate& certificate) {
  auto text = read_tls_file(file);
  if (!text) return Failure{text.error()};
  const auto* bytes = reinterpret_cast<const unsigned char*>(text->data());
  const OcspResponseHandle response{d2i_OCSP_RESPONSE(nullptr, &bytes, static_cast<long>(text->size()))};
  const OcspBasicHandle basic{response ? OCSP_response_get1_basic(response.get()) : nullptr};
  ERR_clear_error();
  if (!response) return wrong(file, "not an OCSP response; write DER, as openssl ocsp -respout does");
  if (!basic || OCSP_response_status(response.get()) != OCSP_RESPONSE_STATUS_SUCCESSFUL)
    return wrong(file, "the OCSP responder refused to answer, so it says nothing of the certificate");
  for (int i = 0; i < OCSP_resp_count(basic.get()); ++i) {
    OCSP_SINGLERESP* const answer = OCSP_resp_get0(basic.get(), i);
    if (!is_of(answer, certificate)) continue;
    ASN1_GENERALIZEDTIME* until = nullptr;
    OCSP_single_get0_status(answer, nullptr, nullptr, nullptr, &until);
    // One that names no end is good until a newer one is there (RFC 6960 section 4.2.2.1).
    return OcspStaple{*std::move(text), until ? time_of(until) : std::chrono::sys_seconds::max()};
  }
  return wrong(file, "it is about another certificate than the one in '" + certificate.file + "'");
}

Result<CertificatesHandle> load_certificates(const std::string& file) { return parse_certificates(file); }

}  // namespace edge::net
