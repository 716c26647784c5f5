#include "base/hmac.h"

#include <string>

#include "support/catch.h"

using namespace edge;

namespace {

std::string hex(const Hmac& mac) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : mac) (text += kHex[byte >> 4]) += kHex[byte & 15];
  return text;
}

}  // namespace

TEST_CASE("the authentication code is that of the RFC's examples", "[base][rfc4231 4]") {
  CHECK(hex(hmac_sha256(std::string(20, '\x0b'), "Hi There")) ==
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  CHECK(hex(hmac_sha256("Jefe", "what do ya want for nothing?")) ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(hex(hmac_sha256(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First")) ==
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST_CASE("codes are equal when all of their bytes are", "[base]") {
  const Hmac one = hmac_sha256("key", "message");
  Hmac other = one;
  CHECK(is_equal_in_constant_time(one, other));
  other.back() ^= 1;
  CHECK_FALSE(is_equal_in_constant_time(one, other));
}
