#include "net/tls_tickets.h"

#include <openssl/core_names.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "net/tls_library.h"

namespace edge::net {
namespace {

using Raw = std::array<unsigned char, kTicketKeyBytes>;

TlsTicketKey key_of(const Raw& raw) {
  TlsTicketKey key;
  std::copy_n(raw.begin(), 16, key.name.begin());
  std::copy_n(raw.begin() + 16, 32, key.mac.begin());
  std::copy_n(raw.begin() + 48, 32, key.cipher.begin());
  return key;
}

TlsTicketKey random_key() {
  Raw raw;
  EDGE_CHECK(RAND_bytes(raw.data(), static_cast<int>(raw.size())) == 1);
  const TlsTicketKey key = key_of(raw);
  OPENSSL_cleanse(raw.data(), raw.size());
  return key;
}

constexpr std::size_t kMadeUpMax = 2;

// Base64 of 80 bytes has 108 characters, the last of them one '='.
std::optional<Raw> try_decode(std::string_view line) {
  std::array<unsigned char, kTicketKeyBytes + 1> decoded;  // Padding becomes a zero byte.
  if (line.size() != 108 || !line.ends_with("=") || line.ends_with("==")) return std::nullopt;
  if (EVP_DecodeBlock(decoded.data(), reinterpret_cast<const unsigned char*>(line.data()), 108) != 81)
    return std::nullopt;
  Raw raw;
  std::copy_n(decoded.begin(), raw.size(), raw.begin());
  return raw;
}

}  // namespace

Result<std::vector<TlsTicketKey>> parse_ticket_keys(std::string_view text) {
  std::vector<TlsTicketKey> keys;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    line = trim(line);
    if (line.empty() || line.starts_with('#')) continue;
    const auto raw = try_decode(line);
    if (!raw)
      return fail(ErrorCode::Malformed, "line " + std::to_string(number) +
                                            " is not a ticket key; write 80 random bytes in Base64, as openssl rand "
                                            "80 | base64 -w 0 makes them");
    keys.push_back(key_of(*raw));
  }
  if (keys.empty()) return fail(ErrorCode::Malformed, "no ticket key in it; write one a line, 80 bytes in Base64");
  if (keys.size() > kTicketKeysMax)
    return fail(ErrorCode::TooLarge,
                std::to_string(keys.size()) + " ticket keys; write 1 to " + std::to_string(kTicketKeysMax));
  return keys;
}

Result<std::vector<TlsTicketKey>> load_ticket_keys(const std::string& file) {
  const auto text = read_tls_file(file);
  if (!text) return Failure{text.error()};
  auto keys = parse_ticket_keys(*text);
  if (!keys) return fail(keys.error().code, "'" + file + "': " + keys.error().message);
  return keys;
}

WipedString bytes_of(const WipedVector<TlsTicketKey>& keys) {
  WipedString bytes;
  bytes.reserve(keys.size() * kTicketKeyBytes);
  const auto append = [&bytes](const auto& part) { bytes.append(part.begin(), part.end()); };
  for (const TlsTicketKey& key : keys) {
    append(key.name);
    append(key.mac);
    append(key.cipher);
  }
  return bytes;
}

Result<WipedVector<TlsTicketKey>> parse_made_up_ticket_keys(std::string_view bytes) {
  const std::size_t count = bytes.size() / kTicketKeyBytes;
  if (bytes.size() % kTicketKeyBytes != 0 || count == 0 || count > kMadeUpMax)
    return fail(ErrorCode::Malformed, std::to_string(bytes.size()) + " bytes are not one or two ticket keys");
  WipedVector<TlsTicketKey> keys;
  for (std::size_t i = 0; i < count; ++i) {
    Raw raw;
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(i * kTicketKeyBytes), raw.size(), raw.begin());
    TlsTicketKey key = key_of(raw);
    keys.push_back(key);
    OPENSSL_cleanse(&key, sizeof key);
    OPENSSL_cleanse(raw.data(), raw.size());
  }
  return keys;
}

TlsTicketKey TlsTicketKeys::encrypting(std::chrono::milliseconds rotation) {
  const MutexLock lock(mutex_);
  rotate(rotation);
  return keys_.front();
}

std::optional<TlsTicketKeys::Found> TlsTicketKeys::try_find(std::span<const unsigned char, 16> name,
                                                            std::chrono::milliseconds rotation) {
  const MutexLock lock(mutex_);
  rotate(rotation);
  for (const TlsTicketKey& key : keys_)
    if (std::memcmp(key.name.data(), name.data(), name.size()) == 0) return Found{key, &key == &keys_.front()};
  return std::nullopt;
}

TlsTicketKeysMadeUp TlsTicketKeys::made_up() {
  EDGE_CHECK(clock_ != nullptr);
  const MutexLock lock(mutex_);
  const Instant now = clock_->now();
  if (keys_.empty()) {
    keys_.push_back(random_key());
    made_at_ = now;
  }
  return {keys_, std::chrono::floor<std::chrono::milliseconds>(now - made_at_)};
}

void TlsTicketKeys::take(TlsTicketKeysMadeUp keys) {
  EDGE_CHECK(clock_ != nullptr && !keys.keys.empty());
  const MutexLock lock(mutex_);
  keys_ = std::move(keys.keys);
  made_at_ = clock_->now() - keys.age;
}

void TlsTicketKeys::rotate(std::chrono::milliseconds rotation) {
  if (!clock_) return;
  const Instant now = clock_->now();
  if (!keys_.empty() && now - made_at_ < rotation) return;
  // Nobody asked for so long that even what came after the last key would be gone.
  if (!keys_.empty() && now - made_at_ >= 2 * rotation) keys_.clear();
  keys_.insert(keys_.begin(), random_key());
  if (keys_.size() > kMadeUpMax) keys_.pop_back();
  made_at_ = now;
}

bool prepare_ticket(const TlsTicketKey& key, unsigned char* iv, evp_cipher_ctx_st* cipher, evp_mac_ctx_st* mac,
                    bool encrypts) {
  const EVP_CIPHER* const aes = EVP_aes_256_cbc();
  if (encrypts && RAND_bytes(iv, EVP_CIPHER_get_iv_length(aes)) != 1) return false;
  // What is only read here is not const there.
  const std::array<OSSL_PARAM, 3> parameters{
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, const_cast<unsigned char*>(key.mac.data()), key.mac.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, const_cast<char*>("SHA256"), 0),
      OSSL_PARAM_construct_end()};
  return EVP_MAC_CTX_set_params(mac, parameters.data()) == 1 &&
         EVP_CipherInit_ex(cipher, aes, nullptr, key.cipher.data(), iv, encrypts ? 1 : 0) == 1;
}

}  // namespace edge::net
