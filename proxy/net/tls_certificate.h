// A certificate as files have it: with its chain, its key, and what its issuer says of it. For this folder's tls_ files
// alone.
//
// Errors name the file and what is wrong with it; an expired certificate is none, for it is better than no answer.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/tls_library.h"

namespace edge::net {

struct TlsCertificate {
  std::string file;
  CertificateHandle leaf;
  CertificatesHandle chain;        // Without the leaf; may be empty.
  std::vector<std::string> names;  // In lower case; those of the subject's alternatives, else its common name.
  std::chrono::sys_seconds not_after;
};

struct OcspStaple {
  std::string der;
  std::chrono::sys_seconds until;  // From then on it says nothing.
};

Result<TlsCertificate> load_certificate(const std::string& file);
Result<KeyHandle> load_key(const std::string& file);
// For that certificate: signed by whom, only the client checks.
Result<OcspStaple> load_ocsp_response(const std::string& file, const TlsCertificate& certificate);
// Of authorities, at least one.
Result<CertificatesHandle> load_certificates(const std::string& file);

}  // namespace edge::net
