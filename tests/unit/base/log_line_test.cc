#include "base/log_line.h"

#include "support/catch.h"

using namespace edge;

namespace {

std::string line(std::string_view text, LogLevel level = LogLevel::Info) {
  std::string line;
  append_log_line(line, WallTime{std::chrono::milliseconds{1'795'381'200'123}}, level, "test.event", text);
  return line;
}
std::string text_of(std::string_view text) {
  return line(text).substr(std::string_view("2026-11-22T21:00:00.123Z INFO test.event ").size());
}

}  // namespace

TEST_CASE("a log line begins with its time, level and event", "[base][log]") {
  CHECK(line("all is well") == "2026-11-22T21:00:00.123Z INFO test.event all is well");
  CHECK(line("x", LogLevel::Warning) == "2026-11-22T21:00:00.123Z WARNING test.event x");
}

TEST_CASE("control characters in a log line are escaped", "[base][log]") {
  CHECK(text_of("a\nb\tc\rd\x1b[2Je\x7f") == "a\\nb\\tc\\x0dd\\x1b[2Je\\x7f");
  CHECK(text_of(std::string_view("\0", 1)) == "\\x00");
  CHECK(text_of("\xC2\x9B") == "\\xc2\\x9b");  // U+009B begins a control sequence, too.
}

TEST_CASE("a log line is UTF-8 whatever it tells of", "[base][log][rfc3629]") {
  CHECK(text_of("größe 平 😀 …") == "größe 平 😀 …");
  CHECK(text_of("\xFF\xC0\xAF") == "\\xff\\xc0\\xaf");  // Overlong.
  CHECK(text_of("\xED\xA0\x80") == "\\xed\\xa0\\x80");  // A surrogate.
  CHECK(text_of("\xE5\xB9") == "\\xe5\\xb9");           // Cut off.
}

TEST_CASE("a log line has a greatest length", "[base][log]") {
  CHECK(text_of(std::string(kLogTextBytesMax, 'a')) == std::string(kLogTextBytesMax, 'a'));
  CHECK(text_of(std::string(100'000, 'a')) == std::string(kLogTextBytesMax, 'a') + "…");
}
