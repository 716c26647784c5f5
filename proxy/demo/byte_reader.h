// Reads numbers from bytes that others have made; never past their end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace edge::demo {

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  std::string_view rest() const { return rest_; }
  bool is_at_end() const { return rest_.empty(); }

  // Each takes what it gives; nullopt, and nothing taken, where fewer bytes are left.
  std::optional<std::string_view> try_take(std::uint64_t count) {
    if (count > rest_.size()) return std::nullopt;
    const std::string_view taken = rest_.substr(0, static_cast<std::size_t>(count));
    rest_.remove_prefix(taken.size());
    return taken;
  }
  // Numbers of 1 to 4 bytes.
  std::optional<std::uint32_t> try_big_endian(std::size_t count) {
    const auto bytes = try_take(count);
    if (!bytes) return std::nullopt;
    std::uint32_t value = 0;
    for (const char c : *bytes) value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }
  std::optional<std::uint32_t> try_little_endian(std::size_t count) {
    const auto bytes = try_take(count);
    if (!bytes) return std::nullopt;
    std::uint32_t value = 0;
    for (std::size_t i = count; i > 0; --i) value = value << 8 | static_cast<unsigned char>((*bytes)[i - 1]);
    return value;
  }
  bool skip(std::uint64_t count) { return try_take(count).has_value(); }

 private:
  std::string_view rest_;
};

}  // namespace edge::demo
