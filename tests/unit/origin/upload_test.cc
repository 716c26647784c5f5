#include "origin/upload.h"

#include <string>

#include "support/catch.h"

using edge::origin::Upload;

namespace {

std::string take(Upload& upload, std::size_t room) {
  std::string taken(room, '\0');
  taken.resize(upload.take(taken.data(), room));
  return taken;
}

}  // namespace

TEST_CASE("an upload gives what it was given, in order, in pieces of any size", "[origin]") {
  Upload upload;
  upload.append("abc");
  CHECK(take(upload, 2) == "ab");
  upload.append("de");
  CHECK(upload.waiting_bytes() == 3);
  std::string rest;
  for (std::string piece; !(piece = take(upload, 2)).empty();) rest += piece;
  CHECK(rest == "cde");
  CHECK(take(upload, 2).empty());
  CHECK_FALSE(upload.is_complete());
  upload.end();
  CHECK(upload.is_complete());
}

TEST_CASE("an upload never gives more than its declared length", "[origin][rfc9112-6.3]") {
  Upload upload(4);
  upload.append("abc");
  upload.append("defgh");
  CHECK(take(upload, 100) == "abcd");
  CHECK(upload.is_complete());
}

TEST_CASE("an upload is congested when more than 256 KiB wait", "[origin]") {
  Upload upload;
  upload.append(std::string(256 * 1024, 'x'));
  CHECK_FALSE(upload.is_congested());
  upload.append("x");
  CHECK(upload.is_congested());
  take(upload, 1);
  CHECK_FALSE(upload.is_congested());
}
