#include "frontend/request_id.h"

#include <algorithm>
#include <charconv>
#include <random>

namespace edge::frontend {
namespace {

constexpr std::size_t kPrefixDigits = 16;
constexpr std::size_t kGivenBytesMax = 128;

std::uint64_t random_prefix() {
  std::random_device random;
  return static_cast<std::uint64_t>(random()) << 32 | random();
}

}  // namespace

RequestId::RequestId(std::uint64_t prefix, std::uint64_t number) {
  constexpr std::string_view kHex = "0123456789abcdef";
  for (std::size_t i = 0; i < kPrefixDigits; ++i) made_[i] = kHex[prefix >> (60 - 4 * i) & 0xF];
  made_[kPrefixDigits] = '-';
  const auto end = std::to_chars(made_.data() + kPrefixDigits + 1, made_.data() + made_.size(), number, 16).ptr;
  made_bytes_ = static_cast<std::size_t>(end - made_.data());
}

bool is_request_id(std::string_view text) noexcept {
  return !text.empty() && text.size() <= kGivenBytesMax &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7F'; });
}

RequestIds::RequestIds() : prefix_(random_prefix()) {}

}  // namespace edge::frontend
