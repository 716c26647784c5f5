#include "http/date.h"

#include "support/catch.h"

using namespace std::chrono;
using edge::http::format_http_date;
using edge::http::try_http_date;

namespace {

constexpr sys_seconds kExample = sys_days{year{1994} / November / 6} + hours{8} + minutes{49} + seconds{37};
constexpr sys_seconds kNow = sys_days{year{2026} / November / 22};

}  // namespace

TEST_CASE("all three forms of a date are read", "[http][rfc9110-5.6.7]") {
  CHECK(try_http_date("Sun, 06 Nov 1994 08:49:37 GMT", kNow) == kExample);
  CHECK(try_http_date("Sunday, 06-Nov-94 08:49:37 GMT", kNow) == kExample);
  CHECK(try_http_date("Sun Nov  6 08:49:37 1994", kNow) == kExample);
  CHECK(try_http_date("Sun Nov 06 08:49:37 1994", kNow) == kExample);
  CHECK(try_http_date("Thu, 01 Jan 1970 00:00:00 GMT", kNow) == sys_seconds{});
}

TEST_CASE("names match in any case, and the day's need not be right", "[http][rfc9111-4.2]") {
  CHECK(try_http_date("SUN, 06 nov 1994 08:49:37 gmt", kNow) == kExample);
  CHECK(try_http_date("sunday, 06-NOV-94 08:49:37 Gmt", kNow) == kExample);
  CHECK(try_http_date("Mon, 06 Nov 1994 08:49:37 GMT", kNow) == kExample);
}

TEST_CASE("what is no date is not read", "[http][rfc9110-5.6.7]") {
  for (const auto* text : {"",
                           "0",
                           "-1",
                           "Sun",
                           "Sun,",
                           "Sun, 6 Nov 1994 08:49:37 GMT",
                           "Sun, 06 Nov 94 08:49:37 GMT",
                           "Sun, 06 Nov 1994 8:49:37 GMT",
                           "Sun, 06 Nov 1994 08:49:37",
                           "Sun, 06 Nov 1994 08:49:37 AEST",
                           "Sun, 06 Nov 1994 08:49:37 UTC",
                           "Sunday, 06-Nov-94 08:49:37 UTC",
                           "Sun, 06 Nov 1994 08:49:37 +0000",
                           "Sun, 06 Nov 1994 08:49:37 GMT ",
                           " Sun, 06 Nov 1994 08:49:37 GMT",
                           "Sun 06 Nov 1994 08:49:37 GMT",
                           "Sun,  06 Nov 1994 08:49:37 GMT",
                           "Sun, 06-Nov-1994 08:49:37 GMT",
                           "Sun, 06 Nov 1994 24:00:00 GMT",
                           "Sun, 06 Nov 1994 08:60:37 GMT",
                           "Sun, 06 Nov 1994 08:49:61 GMT",
                           "Sun, 31 Nov 1994 08:49:37 GMT",
                           "Sun, 00 Nov 1994 08:49:37 GMT",
                           "Sun, 29 Feb 2023 08:49:37 GMT",
                           "Sun, 06 Foo 1994 08:49:37 GMT",
                           "Xxx, 06 Nov 1994 08:49:37 GMT",
                           "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
                           "Sunday, 06-Nov-94 08:49:37",
                           "Sun, 06 Nov -994 08:49:37 GMT",
                           "1994-11-06T08:49:37Z"})
    CHECK(try_http_date(text, kNow) == std::nullopt);
}

TEST_CASE("a leap second is the second after", "[http][rfc9110-5.6.7]") {
  CHECK(try_http_date("Sat, 31 Dec 2016 23:59:60 GMT", kNow) == sys_days{year{2017} / January / 1});
}

TEST_CASE("two-digit years are at most 50 years ahead", "[http][rfc9110-5.6.7]") {
  CHECK(try_http_date("Sunday, 22-Nov-76 00:00:00 GMT", kNow) == sys_days{year{2076} / November / 22});
  CHECK(try_http_date("Sunday, 22-Nov-76 00:00:01 GMT", kNow) == sys_days{year{1976} / November / 22} + seconds{1});
  CHECK(try_http_date("Sunday, 01-Jan-99 00:00:00 GMT", kNow) == sys_days{year{1999} / January / 1});
  const sys_seconds late = sys_days{year{1999} / December / 31};
  CHECK(try_http_date("Sunday, 01-Jan-00 00:00:00 GMT", late) == sys_days{year{2000} / January / 1});
  CHECK(try_http_date("Sunday, 29-Feb-00 00:00:00 GMT", kNow) == sys_days{year{2000} / February / 29});
}

TEST_CASE("a date is written as IMF-fixdate and read back", "[http][rfc9110-5.6.7]") {
  CHECK(format_http_date(kExample) == "Sun, 06 Nov 1994 08:49:37 GMT");
  for (std::int64_t i = 0; i < 4000; ++i) {
    const sys_seconds time{seconds{i * 63'113'903 % 253'402'300'800}};
    if (try_http_date(format_http_date(time), kNow) != time) FAIL(format_http_date(time));
  }
  CHECK(format_http_date(sys_seconds{seconds{253'402'300'800}}) == "Fri, 31 Dec 9999 23:59:59 GMT");
  CHECK(format_http_date(sys_days{year{-1} / January / 1}) == "Sat, 01 Jan 0000 00:00:00 GMT");
}
