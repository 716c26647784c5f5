#include "admin/wait.h"

#include "base/units.h"

namespace edge::admin {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kWaitMax{60'000};

}  // namespace

Result<std::optional<milliseconds>> parse_wait(std::string_view query) {
  constexpr std::string_view kName = "wait=";
  if (query.empty()) return std::optional<milliseconds>{};
  if (!query.starts_with(kName)) return fail(ErrorCode::Malformed, "the query may only be wait=DURATION, as ?wait=10s");
  const auto wait = parse_duration(query.substr(kName.size()));
  if (!wait) return fail(ErrorCode::Malformed, "wait: " + wait.error().message);
  if (*wait > kWaitMax) return fail(ErrorCode::Malformed, "wait: at most " + format_duration(kWaitMax));
  return std::optional{*wait};
}

}  // namespace edge::admin
