#include "http/date.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "http/characters.h"

namespace edge::http {
namespace {

using namespace std::chrono;

constexpr std::array<std::string_view, 7> kDays{"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// Reads a date from left to right. Each step takes its part off the front; after one that does not find it, all fail.
class Scanner {
 public:
  explicit Scanner(std::string_view text) noexcept : rest_(text) {}

  bool has_failed() const noexcept { return failed_; }
  bool is_at_end() const noexcept { return !failed_ && rest_.empty(); }

  void literal(std::string_view expected) noexcept {
    if (rest_.size() < expected.size() || !equals_ignoring_case(rest_.substr(0, expected.size()), expected))
      return give_up();
    rest_.remove_prefix(expected.size());
  }

  unsigned digits(std::size_t count) noexcept {
    if (failed_ || rest_.size() < count) return give_up(), 0u;
    unsigned value = 0;
    for (const char c : rest_.substr(0, count)) {
      if (!is_digit(c)) return give_up(), 0u;
      value = value * 10 + static_cast<unsigned>(c - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }

  // asctime pads the day with a space.
  unsigned padded_day() noexcept {
    if (rest_.empty() || rest_.front() != ' ') return digits(2);
    rest_.remove_prefix(1);
    return digits(1);
  }

  month month_name() noexcept {
    for (std::size_t i = 0; i < kMonths.size(); ++i)
      if (equals_ignoring_case(rest_.substr(0, 3), kMonths[i])) {
        rest_.remove_prefix(3);
        return month{static_cast<unsigned>(i + 1)};
      }
    give_up();
    return January;
  }

  seconds time_of_day() noexcept {
    const unsigned h = digits(2);
    literal(":");
    const unsigned m = digits(2);
    literal(":");
    const unsigned s = digits(2);
    if (h > 23 || m > 59 || s > 60) give_up();
    return hours{h} + minutes{m} + seconds{s};
  }

  void zone() noexcept { literal(" GMT"); }

 private:
  void give_up() noexcept {
    failed_ = true;
    rest_ = {};
  }

  std::string_view rest_;
  bool failed_ = false;
};

// The length of the day's name at the front; 0 when there is none. Nearly all dates have it abbreviated.
std::size_t day_name_length(std::string_view text) noexcept {
  for (const std::string_view day : kDays) {
    if (!equals_ignoring_case(text.substr(0, 3), day.substr(0, 3))) continue;
    return equals_ignoring_case(text.substr(0, day.size()), day) ? day.size() : 3;
  }
  return 0;
}

std::optional<sys_seconds> try_instant(const Scanner& scanner, year_month_day date, seconds time) noexcept {
  if (!scanner.is_at_end() || !date.ok()) return std::nullopt;
  return sys_seconds{sys_days{date}} + time;
}

std::optional<sys_seconds> try_imf_fixdate(std::string_view after_name) noexcept {
  Scanner scanner{after_name};
  scanner.literal(", ");
  const day d{scanner.digits(2)};
  scanner.literal(" ");
  const month m = scanner.month_name();
  scanner.literal(" ");
  const year y{static_cast<int>(scanner.digits(4))};
  scanner.literal(" ");
  const seconds time = scanner.time_of_day();
  scanner.zone();
  return try_instant(scanner, y / m / d, time);
}

std::optional<sys_seconds> try_asctime(std::string_view after_name) noexcept {
  Scanner scanner{after_name};
  scanner.literal(" ");
  const month m = scanner.month_name();
  scanner.literal(" ");
  const day d{scanner.padded_day()};
  scanner.literal(" ");
  const seconds time = scanner.time_of_day();
  scanner.literal(" ");
  const year y{static_cast<int>(scanner.digits(4))};
  return try_instant(scanner, y / m / d, time);
}

std::optional<sys_seconds> try_rfc850(std::string_view after_name, sys_seconds now) noexcept {
  Scanner scanner{after_name};
  scanner.literal(", ");
  const day d{scanner.digits(2)};
  scanner.literal("-");
  const month m = scanner.month_name();
  scanner.literal("-");
  const int two_digits = static_cast<int>(scanner.digits(2));
  scanner.literal(" ");
  const seconds time = scanner.time_of_day();
  scanner.zone();
  if (!scanner.is_at_end()) return std::nullopt;

  // Compared as dates: a duration of 50 years would be off by hours and days.
  const sys_seconds latest = [&] {
    const auto today = floor<days>(now);
    const year_month_day ahead = year_month_day{today} + years{50};
    const sys_days that_day = ahead.ok() ? sys_days{ahead} : sys_days{ahead.year() / ahead.month() / last};
    return that_day + (now - today);
  }();
  const int century = static_cast<int>(year_month_day{floor<days>(latest)}.year()) / 100 * 100;
  const year_month_day candidate = year{century + two_digits} / m / d;
  if (candidate.ok() && sys_days{candidate} + time <= latest) return sys_days{candidate} + time;
  return try_instant(scanner, year{century - 100 + two_digits} / m / d, time);
}

}  // namespace

std::optional<sys_seconds> try_http_date(std::string_view text, sys_seconds now) noexcept {
  const std::size_t length = day_name_length(text);
  if (length == 0) return std::nullopt;
  const std::string_view after_name = text.substr(length);
  if (length > 3) return try_rfc850(after_name, now);
  return after_name.starts_with(',') ? try_imf_fixdate(after_name) : try_asctime(after_name);
}

void append_http_date(std::string& to, sys_seconds time) {
  time = std::clamp(time, sys_seconds{sys_days{year{0} / January / 1}},
                    sys_seconds{sys_days{year{10000} / January / 1}} - seconds{1});
  const sys_days day_part = floor<days>(time);
  const year_month_day date{day_part};
  const hh_mm_ss clock{time - day_part};
  const auto two_digits = [&to](unsigned value) {
    to += static_cast<char>('0' + value / 10);
    to += static_cast<char>('0' + value % 10);
  };
  to += kDays[weekday{day_part}.c_encoding()].substr(0, 3);
  to += ", ";
  two_digits(static_cast<unsigned>(date.day()));
  to += ' ';
  to += kMonths[static_cast<unsigned>(date.month()) - 1];
  to += ' ';
  const auto y = static_cast<unsigned>(static_cast<int>(date.year()));
  two_digits(y / 100);
  two_digits(y % 100);
  to += ' ';
  two_digits(static_cast<unsigned>(clock.hours().count()));
  to += ':';
  two_digits(static_cast<unsigned>(clock.minutes().count()));
  to += ':';
  two_digits(static_cast<unsigned>(clock.seconds().count()));
  to += " GMT";
}

std::string format_http_date(sys_seconds time) {
  std::string text;
  append_http_date(text, time);
  return text;
}

}  // namespace edge::http
