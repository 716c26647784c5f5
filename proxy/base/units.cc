#include "base/units.h"

#include <array>
#include <optional>

#include "base/text.h"

namespace edge {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// Smallest first.
constexpr std::array<Unit, 5> kDurations{{{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
constexpr std::array<Unit, 4> kSizes{{{"B", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}}};
constexpr std::uint64_t kDurationMax = 10ull * 365 * 86'400'000;
constexpr std::uint64_t kSizeMax = 1ull << 50;

template <std::size_t N>
std::optional<std::uint64_t> try_quantity(std::string_view text, const std::array<Unit, N>& units, std::uint64_t max) {
  const std::size_t digits = text.find_first_not_of("0123456789");
  if (digits == std::string_view::npos) return text == "0" ? std::optional<std::uint64_t>{0} : std::nullopt;
  const auto number = try_unsigned(text.substr(0, digits));
  if (!number) return std::nullopt;
  for (const Unit& unit : units)
    if (unit.name == text.substr(digits))
      return *number <= max / unit.factor ? std::optional{*number * unit.factor} : std::nullopt;
  return std::nullopt;
}

template <std::size_t N>
std::string format_quantity(std::uint64_t value, const std::array<Unit, N>& units) {
  const Unit* best = &units.front();
  for (const Unit& unit : units)
    if (value != 0 && value % unit.factor == 0) best = &unit;
  return std::to_string(value / best->factor).append(best->name);
}

}  // namespace

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  if (const auto value = try_quantity(text, kDurations, kDurationMax)) return std::chrono::milliseconds{*value};
  return fail(ErrorCode::Malformed, "not a duration: '" + std::string(text) + "'; write 200ms, 5s, 10m, 1h or 1d");
}

Result<std::uint64_t> parse_size(std::string_view text) {
  if (const auto value = try_quantity(text, kSizes, kSizeMax)) return *value;
  return fail(ErrorCode::Malformed, "not a size: '" + std::string(text) + "'; write 512B, 64KiB, 512MiB or 1GiB");
}

std::string format_duration(std::chrono::milliseconds duration) {
  return format_quantity(static_cast<std::uint64_t>(duration.count()), kDurations);
}

std::string format_size(std::uint64_t bytes) { return format_quantity(bytes, kSizes); }

}  // namespace edge
