// The keys of session tickets: with a ticket that it can decrypt, the edge resumes a TLS session and spares both sides
// the signature and a round trip (RFC 5077, RFC 8446 section 2.2).
#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "base/wiped.h"

// OpenSSL's own; its headers stay out of this one.
struct evp_cipher_ctx_st;
struct evp_mac_ctx_st;

namespace edge::net {

struct TlsTicketKey {
  std::array<unsigned char, 16> name{};  // In the clear in each ticket.
  std::array<unsigned char, 32> mac{};
  std::array<unsigned char, 32> cipher{};
};

constexpr std::size_t kTicketKeyBytes = 80;
constexpr std::size_t kTicketKeysMax = 16;

// Keys that were made up here, for the process that takes this one's place.
struct TlsTicketKeysMadeUp {
  WipedVector<TlsTicketKey> keys;   // The first encrypts; at most the one before it as well.
  std::chrono::milliseconds age{};  // Of the first.
};

// One after the other, as the lines of a file have them.
WipedString bytes_of(const WipedVector<TlsTicketKey>& keys);
// Fails unless they are one or two.
Result<WipedVector<TlsTicketKey>> parse_made_up_ticket_keys(std::string_view bytes);

// One key a line, 80 random bytes in Base64, as `openssl rand 80 | base64 -w 0` makes them; empty lines and those that
// begin with # do not count. The bytes are name, MAC key and cipher key, in this order, as other servers have them.
Result<std::vector<TlsTicketKey>> parse_ticket_keys(std::string_view text);
Result<std::vector<TlsTicketKey>> load_ticket_keys(const std::string& file);

// Shared by all workers and kept over reloads. Thread-safe: its lock is held for a copy, twice a handshake at most.
class TlsTicketKeys {
 public:
  // Made up at random, and anew as soon as one is older than a rotation; the one before decrypts for one rotation more.
  // `clock` must outlive it.
  explicit TlsTicketKeys(const Clock& clock) : clock_(&clock) {}
  // Fixed, at least one: the first encrypts, all decrypt.
  explicit TlsTicketKeys(const std::vector<TlsTicketKey>& keys) : keys_(keys.begin(), keys.end()) {}

  TlsTicketKey encrypting(std::chrono::milliseconds rotation);
  struct Found {
    TlsTicketKey key;
    bool is_encrypting;  // Else the client should get a new ticket.
  };
  std::optional<Found> try_find(std::span<const unsigned char, 16> name, std::chrono::milliseconds rotation);

  // Of keys made up at random. Makes some up where there are none yet: else both processes would, each its own.
  TlsTicketKeysMadeUp made_up();
  // In place of those that are here. They rotate when they would have where they come from.
  void take(TlsTicketKeysMadeUp keys);

 private:
  void rotate(std::chrono::milliseconds rotation) EDGE_REQUIRES(mutex_);

  const Clock* const clock_ = nullptr;  // Null: they are fixed.
  Mutex mutex_;
  WipedVector<TlsTicketKey> keys_ EDGE_GUARDED_BY(mutex_);  // The first encrypts.
  Instant made_at_ EDGE_GUARDED_BY(mutex_);
};

// Prepares OpenSSL's contexts for one ticket: AES-256 in CBC mode, then HMAC with SHA-256. Encrypting makes up `iv`.
bool prepare_ticket(const TlsTicketKey& key, unsigned char* iv, evp_cipher_ctx_st* cipher, evp_mac_ctx_st* mac,
                    bool encrypts);

}  // namespace edge::net
