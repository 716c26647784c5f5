// Fuzzes net: PROXY headers. However one is cut, the same comes of it, and nothing behind its end is taken.
#include "net/proxy_header.h"

#include <cstdint>

#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using edge::net::ProxyHeader;
  const std::string_view input{reinterpret_cast<const char*>(data), size};
  ProxyHeader whole;
  const std::size_t taken = whole.take(input);
  EDGE_CHECK(taken <= input.size() && taken <= ProxyHeader::kBytesMax);
  EDGE_CHECK(whole.state() != ProxyHeader::State::NeedMore || taken == input.size());
  EDGE_CHECK(whole.state() == ProxyHeader::State::Complete || !whole.client());
  ProxyHeader pieces;
  for (const char& c : input) pieces.take({&c, 1});
  EDGE_CHECK(pieces.state() == whole.state() && pieces.client() == whole.client());
  ProxyHeader exact;
  EDGE_CHECK(exact.take(input.substr(0, taken)) == taken && exact.state() == whole.state());
  return 0;
}
