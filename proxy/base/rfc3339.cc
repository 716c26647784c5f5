#include "base/rfc3339.h"

namespace edge {
namespace {

void put_decimal(char* to, unsigned digits, unsigned value) noexcept {
  for (; digits > 0; --digits, value /= 10) to[digits - 1] = static_cast<char>('0' + value % 10);
}

}  // namespace

Rfc3339::Rfc3339(WallTime time) noexcept
    : text_{'0', '0', '0', '0', '-', '0', '0', '-', '0', '0', 'T', '0',
            '0', ':', '0', '0', ':', '0', '0', '.', '0', '0', '0', 'Z'} {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const auto ms = static_cast<unsigned>((time - day).count());
  put_decimal(&text_[0], 4, static_cast<unsigned>(static_cast<int>(date.year())));
  put_decimal(&text_[5], 2, static_cast<unsigned>(date.month()));
  put_decimal(&text_[8], 2, static_cast<unsigned>(date.day()));
  put_decimal(&text_[11], 2, ms / 3'600'000);
  put_decimal(&text_[14], 2, ms / 60'000 % 60);
  put_decimal(&text_[17], 2, ms / 1'000 % 60);
  put_decimal(&text_[20], 3, ms % 1'000);
}

}  // namespace edge
