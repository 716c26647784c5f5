#include "base/text.h"

#include "support/catch.h"

using namespace edge;

TEST_CASE("case is ignored for ASCII letters alone", "[base]") {
  CHECK(equals_ignoring_case("Content-Type", "cONTENT-tYPE"));
  CHECK(equals_ignoring_case("", ""));
  CHECK_FALSE(equals_ignoring_case("a", "ab"));
  CHECK_FALSE(equals_ignoring_case("[", "{"));
  CHECK_FALSE(equals_ignoring_case("@", "`"));
  CHECK_FALSE(equals_ignoring_case("\xc4", "\xe4"));
}

TEST_CASE("trimming takes spaces and tabs from both ends", "[base]") {
  CHECK(trim(" \t a b\t ") == "a b");
  CHECK(trim(" \t ") == "");
  CHECK(trim("") == "");
  CHECK(trim("\na\r") == "\na\r");
}

TEST_CASE("an unsigned number is decimal digits and nothing else", "[base]") {
  CHECK(try_unsigned("0") == 0);
  CHECK(try_unsigned("007") == 7);
  CHECK(try_unsigned("18446744073709551615") == UINT64_MAX);
  for (const char* text : {"", "-1", "+1", " 1", "1 ", "0x1", "1e3", "1.0", "18446744073709551616"}) {
    CAPTURE(text);
    CHECK_FALSE(try_unsigned(text));
  }
}

TEST_CASE("a number is appended in decimal", "[base]") {
  std::string text = "n=";
  append_unsigned(text, 0);
  append_unsigned(text, UINT64_MAX);
  CHECK(text == "n=018446744073709551615");
}
