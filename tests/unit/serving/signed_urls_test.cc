#include "serving/signed_urls.h"

#include "base/hmac.h"
#include "support/catch.h"

using namespace edge;
using namespace edge::serving;
using metrics::SignatureEnd;
using namespace std::chrono_literals;

namespace {

const std::string kOld = "an old secret of 24 bytes";
const std::string kNew = "a new secret of 24 bytes!";
constexpr WallTime kNow{1'763'800'000s};

std::string signed_by(const std::string& secret, const std::string& message) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string url = message + "&signature=";
  for (const std::uint8_t byte : hmac_sha256(secret, message)) (url += kHex[byte >> 4]) += kHex[byte & 15];
  return url;
}

SignedUrls urls() {
  auto made = make_signed_urls(
      {.routes = {"/private/{avatar}/{variant}"},
       .keys = {{.id = "new", .secret_file = {}, .secret = kNew}, {.id = "old", .secret_file = {}, .secret = kOld}}});
  REQUIRE(made);
  return *std::move(made);
}

SignatureEnd end_of(const std::string& target) { return urls().verify(target, kNow).end; }

const std::string kMessage = "/private/42/96?expires=1763800001&keyid=new";

}  // namespace

TEST_CASE("only paths of the routes must be signed", "[serving][signed]") {
  std::string scratch;
  CHECK(urls().covers("/private/42/96", scratch));
  CHECK(urls().covers("/private/42/96/", scratch));
  CHECK_FALSE(urls().covers("/avatars/42/96", scratch));
  CHECK_FALSE(SignedUrls().covers("/private/42/96", scratch));
}

TEST_CASE("a signature by any of the keys is good, and goes with its parameters", "[serving][signed]") {
  const SignedUrls all = urls();
  for (const auto& [url, plain] :
       {std::pair{signed_by(kNew, kMessage), "/private/42/96"},
        std::pair{signed_by(kOld, "/private/42/96?w=2&expires=1763800001&keyid=old"), "/private/42/96?w=2"}}) {
    CAPTURE(url);
    const SignatureVerdict verdict = all.verify(url, kNow);
    CHECK(verdict.end == SignatureEnd::Good);
    CHECK(verdict.target == plain);
  }
}

TEST_CASE("digits of a signature may be of either case", "[serving][signed]") {
  std::string url = signed_by(kNew, kMessage);
  for (std::size_t i = url.rfind('=') + 1; i < url.size(); ++i)
    if (url[i] >= 'a') url[i] = static_cast<char>(url[i] - 32);
  CHECK(end_of(url) == SignatureEnd::Good);
}

TEST_CASE("what is not signed has no signature", "[serving][signed]") {
  for (const char* target : {"/private/42/96", "/private/42/96?w=2", "/private/42/96?expires=1763800001",
                             "/private/42/96?expires=1763800001&keyid=new", "expires=1&keyid=new&signature=0",
                             "/private/42/96?xexpires=1&keyid=new&signature=0"}) {
    CAPTURE(target);
    CHECK(end_of(target) == SignatureEnd::Missing);
  }
}

TEST_CASE("a signature is good for the very URL, time and key", "[serving][signed]") {
  const std::string good = signed_by(kNew, kMessage);
  const auto with = [&](std::string_view part, std::string_view other) {
    std::string url = good;
    return url.replace(url.find(part), part.size(), other);
  };
  for (const std::string& wrong :
       {with("/42/", "/43/"), with("1763800001", "1763800002"), with("keyid=new", "keyid=old"),
        with("keyid=new", "keyid=unknown"), with("keyid=new", "keyid="), with("&keyid=new", ""),
        with("1763800001", "soon"), with("1763800001", ""), with("?", "?w=2&"), good + "&w=2", good + "0",
        good.substr(0, good.size() - 1), good.substr(0, good.size() - 1) + "g",
        signed_by("another secret of 24 byte", kMessage), signed_by("", kMessage)}) {
    CAPTURE(wrong);
    CHECK(end_of(wrong) == SignatureEnd::Wrong);
  }
}

TEST_CASE("a signature is good until it expires, and only a good one says that it has", "[serving][signed]") {
  const std::string good = signed_by(kNew, kMessage);
  CHECK(urls().verify(good, WallTime{1'763'800'000'999ms}).end == SignatureEnd::Good);
  CHECK(urls().verify(good, WallTime{1'763'800'001s}).end == SignatureEnd::Expired);
  CHECK(urls().verify(signed_by(kOld, kMessage), WallTime{1'763'800'001s}).end == SignatureEnd::Wrong);
}
