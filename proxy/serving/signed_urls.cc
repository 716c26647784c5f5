#include "serving/signed_urls.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "base/hmac.h"
#include "base/text.h"

namespace edge::serving {
namespace {

using metrics::SignatureEnd;

constexpr std::string_view kExpires = "expires=";
constexpr std::string_view kKeyId = "&keyid=";
constexpr std::string_view kSignature = "&signature=";

// A URL in its parts; views into it.
struct SignedUrl {
  std::string_view target;   // Without the three parameters.
  std::string_view message;  // That is signed.
  std::uint64_t expires;
  std::string_view key_id;
  Hmac signature;
};

std::optional<std::uint8_t> try_hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
  if (c = ascii_lower(c); c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
  return std::nullopt;
}

std::optional<Hmac> try_hmac(std::string_view hex) {
  Hmac mac;
  if (hex.size() != 2 * mac.size()) return std::nullopt;
  for (std::size_t i = 0; i < mac.size(); ++i) {
    const auto high = try_hex_digit(hex[2 * i]), low = try_hex_digit(hex[2 * i + 1]);
    if (!high || !low) return std::nullopt;
    mac[i] = static_cast<std::uint8_t>(*high << 4 | *low);
  }
  return mac;
}

// Where the three parameters begin; nullopt where they are not the last that the query has.
std::optional<std::size_t> try_parameters(std::string_view target) {
  const std::size_t at = target.rfind(kExpires);
  if (at == std::string_view::npos || at == 0 || (target[at - 1] != '?' && target[at - 1] != '&')) return std::nullopt;
  return target.substr(at).find(kSignature) == std::string_view::npos ? std::nullopt : std::optional{at};
}

std::optional<SignedUrl> try_signed_url(std::string_view target, std::size_t parameters) {
  const std::size_t signature_at = target.find(kSignature, parameters);
  const std::string_view named = target.substr(parameters, signature_at - parameters);
  const std::size_t key_at = named.find(kKeyId);
  if (key_at == std::string_view::npos) return std::nullopt;
  const auto expires = try_unsigned(named.substr(kExpires.size(), key_at - kExpires.size()));
  const auto signature = try_hmac(target.substr(signature_at + kSignature.size()));
  if (!expires || !signature) return std::nullopt;
  return SignedUrl{target.substr(0, parameters - 1), target.substr(0, signature_at), *expires,
                   named.substr(key_at + kKeyId.size()), *signature};
}

}  // namespace

SignatureVerdict SignedUrls::verify(std::string_view target, WallTime now) const {
  const auto parameters = try_parameters(target);
  if (!parameters) return {SignatureEnd::Missing, {}};
  const auto url = try_signed_url(target, *parameters);
  if (!url) return {SignatureEnd::Wrong, {}};
  const auto found = std::ranges::find(keys_, url->key_id, &SigningKey::id);
  const bool is_known = found != keys_.end();
  // Of an unknown key one is computed all the same.
  const Hmac right = hmac_sha256(is_known ? found->secret : keys_.front().secret, url->message);
  if (!is_equal_in_constant_time(right, url->signature) || !is_known) return {SignatureEnd::Wrong, {}};
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
  if (static_cast<std::uint64_t>(seconds) >= url->expires) return {SignatureEnd::Expired, {}};
  return {SignatureEnd::Good, url->target};
}

Result<SignedUrls> make_signed_urls(const SignedUrlOptions& options) {
  auto routes = parse_routes(options.routes);
  if (!routes) return Failure{routes.error()};
  return SignedUrls(*std::move(routes), options.keys);
}

}  // namespace edge::serving
