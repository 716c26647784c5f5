// What OpenSSL gives, owned; and what it says when it refuses. For this folder's tls_ files alone, because it includes
// OpenSSL's headers.
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <string>

#include "base/handle.h"
#include "base/result.h"

namespace edge::net {

inline void free_certificates(STACK_OF(X509) * stack) noexcept { sk_X509_pop_free(stack, X509_free); }

using BioHandle = CHandle<BIO, BIO_free_all>;
using CertificateHandle = CHandle<X509, X509_free>;
using CertificatesHandle = CHandle<STACK_OF(X509), free_certificates>;
using KeyHandle = CHandle<EVP_PKEY, EVP_PKEY_free>;
using OcspResponseHandle = CHandle<OCSP_RESPONSE, OCSP_RESPONSE_free>;
using OcspBasicHandle = CHandle<OCSP_BASICRESP, OCSP_BASICRESP_free>;
using NamesHandle = CHandle<GENERAL_NAMES, GENERAL_NAMES_free>;

// What the library said last on this thread, for people; empties its queue, which belongs to the thread and would
// otherwise speak up in another connection.
std::string take_library_reason();

// All of a file that holds something for TLS.
Result<std::string> read_tls_file(const std::string& file);

}  // namespace edge::net
