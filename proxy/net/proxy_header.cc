#include "net/proxy_header.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace edge::net {
namespace {

constexpr std::string_view kTextBegin = "PROXY ";
constexpr std::size_t kTextBytesMax = 107;  // Section 2.1, with CRLF.
constexpr std::string_view kBinaryBegin{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr std::size_t kBinaryHeadBytes = 16;

constexpr unsigned char kLocal = 0x20;
constexpr unsigned char kProxy = 0x21;
constexpr unsigned char kTcp4 = 0x11;
constexpr unsigned char kTcp6 = 0x21;

// The text up to the next space, which is taken away with it; all of it where there is none.
std::string_view take_word(std::string_view& text) {
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(std::min(word.size() + 1, text.size()));
  return word;
}

bool is_port(std::string_view text) {
  const auto port = try_unsigned(text);
  return port && *port <= 65'535 && text.size() <= 5;
}

}  // namespace

std::size_t ProxyHeader::take(std::string_view bytes) {
  std::size_t taken = 0;
  while (taken < bytes.size() && state_ == State::NeedMore) {
    bytes_ += bytes[taken++];
    check();
  }
  return taken;
}

void ProxyHeader::check() {
  const std::string_view bytes = bytes_;
  if (bytes.starts_with(kBinaryBegin)) return check_binary();
  if (bytes.starts_with(kTextBegin)) return check_text();
  if (!kBinaryBegin.starts_with(bytes) && !kTextBegin.starts_with(bytes)) state_ = State::Malformed;
}

// Section 2.1: "PROXY TCP4 192.0.2.1 198.51.100.1 1234 443\r\n", or "PROXY UNKNOWN" and anything.
void ProxyHeader::check_text() {
  if (bytes_.back() != '\n') {
    if (bytes_.size() >= kTextBytesMax) state_ = State::Malformed;
    return;
  }
  state_ = State::Malformed;
  std::string_view text = bytes_;
  if (!text.ends_with("\r\n")) return;
  text.remove_prefix(kTextBegin.size());
  text.remove_suffix(2);
  const std::string_view family = take_word(text);
  if (family == "UNKNOWN") {
    state_ = State::Complete;
    return;
  }
  const auto source = try_ip(take_word(text)), destination = try_ip(take_word(text));
  const std::string_view source_port = take_word(text), destination_port = take_word(text);
  if (!source || !destination || !is_port(source_port) || !is_port(destination_port) || !text.empty()) return;
  const bool is_ipv4 = family == "TCP4";
  if ((!is_ipv4 && family != "TCP6") || (is_ipv4 && !source->is_ipv4())) return;
  client_ = source;
  state_ = State::Complete;
}

// Section 2.2: the signature, version and command, family and protocol, the length of what follows.
void ProxyHeader::check_binary() {
  if (bytes_.size() < kBinaryHeadBytes) return;
  const auto byte = [this](std::size_t i) { return static_cast<unsigned char>(bytes_[i]); };
  const unsigned char command = byte(12), family = byte(13);
  const std::size_t length = static_cast<std::size_t>(byte(14)) << 8 | byte(15);
  const std::size_t address_bytes = family == kTcp4 ? 4 : family == kTcp6 ? 16 : 0;
  const std::size_t length_min = address_bytes == 0 ? 0 : 2 * address_bytes + 4;
  const bool is_known = command == kLocal || command == kProxy;
  if (!is_known || kBinaryHeadBytes + length > kBytesMax || (command == kProxy && length < length_min)) {
    state_ = State::Malformed;
    return;
  }
  if (bytes_.size() < kBinaryHeadBytes + length) return;
  state_ = State::Complete;
  if (command == kLocal || address_bytes == 0) return;
  Ip::Bytes address{};
  if (family == kTcp4) address[10] = address[11] = 0xFF;
  std::copy_n(bytes_.begin() + kBinaryHeadBytes, address_bytes,
              reinterpret_cast<char*>(address.data()) + address.size() - address_bytes);
  client_ = Ip(address);
}

}  // namespace edge::net
