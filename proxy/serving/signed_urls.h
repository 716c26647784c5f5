// URLs that are good for who was given them, until a time: of avatars that are not for everybody.
//
// A signed URL ends with three parameters, in this order:
//
//     /private/42/96?w=2&expires=1763800000&keyid=2026-11&signature=HEX
//
// `signature` is the HMAC-SHA256, by the key of that name, of all that stands before "&signature=", from the path on,
// as 64 hexadecimal digits; `expires` is Unix time in seconds. What is looked up and asked of the origin is the URL
// without the three, so that all who were given a URL share what is stored.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "metrics/outcome.h"
#include "serving/routes.h"

namespace edge::serving {

struct SigningKey {
  std::string id;           // As in `keyid`.
  std::string secret_file;  // Where the secret is.
  std::string secret;       // What the file held when it was loaded.
};

struct SignedUrlOptions {
  std::vector<std::string> routes;  // Patterns (serving/routes.h) of paths whose URLs must be signed.
  std::vector<SigningKey> keys;     // Any of them will do.
};

struct SignatureVerdict {
  metrics::SignatureEnd end;
  std::string_view target;  // Where it is good: the URL without the signature, a view into what was asked.
};

// Immutable; any thread.
class SignedUrls {
 public:
  SignedUrls() = default;
  SignedUrls(Routes routes, std::vector<SigningKey> keys) : routes_(std::move(routes)), keys_(std::move(keys)) {}

  // Whether URLs of this path, normalised, must be signed. `scratch` as in Routes::avatar_of.
  bool covers(std::string_view path, std::string& scratch) const {
    return !routes_.routes().empty() && routes_.avatar_of(path, scratch).route != nullptr;
  }
  // `target`: path and query, normalised (http/target.h). Whether a signature is wrong or of a key that is not there
  // cannot be told apart, by time neither; that one has expired is told to who has it alone.
  SignatureVerdict verify(std::string_view target, WallTime now) const;

 private:
  Routes routes_;
  std::vector<SigningKey> keys_;
};

Result<SignedUrls> make_signed_urls(const SignedUrlOptions& options);

}  // namespace edge::serving
