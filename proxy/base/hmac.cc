#include "base/hmac.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/check.h"

namespace edge {

Hmac hmac_sha256(std::string_view key, std::string_view message) {
  Hmac mac{};
  unsigned size = 0;
  EDGE_CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                  reinterpret_cast<const unsigned char*>(message.data()), message.size(), mac.data(),
                  &size) != nullptr);
  EDGE_CHECK(size == mac.size());
  return mac;
}

bool is_equal_in_constant_time(const Hmac& a, const Hmac& b) noexcept {
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace edge
