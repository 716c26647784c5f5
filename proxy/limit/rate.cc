#include "limit/rate.h"

#include <optional>
#include <string>

#include "base/text.h"

namespace edge::limit {
namespace {

constexpr std::uint64_t kCountMax = 1'000'000;

std::optional<std::chrono::nanoseconds> try_period(std::string_view unit) {
  using namespace std::chrono;
  if (unit == "s") return seconds{1};
  if (unit == "m") return minutes{1};
  if (unit == "h") return hours{1};
  if (unit == "d") return days{1};
  return std::nullopt;
}

}  // namespace

Result<Rate> parse_rate(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash != std::string_view::npos) {
    const auto count = try_unsigned(text.substr(0, slash));
    const auto period = try_period(text.substr(slash + 1));
    if (count && *count >= 1 && *count <= kCountMax && period)
      return Rate{*period / static_cast<std::int64_t>(*count), static_cast<std::uint32_t>(*count)};
  }
  return fail(ErrorCode::Malformed,
              "not a rate: '" + std::string(text) + "'; write 1 to 1000000 and /s, /m, /h or /d, such as 100/s or 1/m");
}

}  // namespace edge::limit
