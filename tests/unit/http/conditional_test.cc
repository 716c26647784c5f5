#include "http/conditional.h"

#include "support/catch.h"

using namespace edge::http;

namespace {

constexpr std::chrono::sys_seconds kModified{std::chrono::seconds{784111777}};  // Sun, 06 Nov 1994 08:49:37 GMT.

Fields fields_of(std::initializer_list<std::pair<const char*, const char*>> pairs) {
  Fields fields;
  for (const auto& [name, value] : pairs) fields.add(name, value);
  return fields;
}

bool is_not_modified(const Fields& request, Method method = Method::Get, std::uint16_t status = 200) {
  return evaluate_preconditions(method, request, status, "\"a\"", kModified) == Precondition::NotModified;
}

}  // namespace

TEST_CASE("If-None-Match answers 304 where it names the stored tag", "[http][rfc9110-13.1.2]") {
  CHECK_FALSE(is_not_modified({}));
  CHECK(is_not_modified(fields_of({{"if-none-match", "\"a\""}})));
  CHECK(is_not_modified(fields_of({{"if-none-match", "\"x\""}, {"if-none-match", "W/\"a\""}})));
  CHECK(is_not_modified(fields_of({{"if-none-match", "*"}}), Method::Head));
  CHECK_FALSE(is_not_modified(fields_of({{"if-none-match", "\"b\""}})));
  CHECK_FALSE(is_not_modified(fields_of({{"if-none-match", "\"a\""}}), Method::Post));
  CHECK_FALSE(is_not_modified(fields_of({{"if-none-match", "*"}}), Method::Get, 404));
}

TEST_CASE("If-Modified-Since counts only without If-None-Match", "[http][rfc9110-13.2.2]") {
  const char* const same = "Sun, 06 Nov 1994 08:49:37 GMT";
  CHECK(is_not_modified(fields_of({{"if-modified-since", same}})));
  CHECK(is_not_modified(fields_of({{"if-modified-since", "Sunday, 06-Nov-94 08:49:37 GMT"}})));
  CHECK(is_not_modified(fields_of({{"if-modified-since", "Sun, 06 Nov 1994 08:49:38 GMT"}})));
  CHECK_FALSE(is_not_modified(fields_of({{"if-modified-since", "Sun, 06 Nov 1994 08:49:36 GMT"}})));
  CHECK_FALSE(is_not_modified(fields_of({{"if-modified-since", same}, {"if-none-match", "\"b\""}})));
}

TEST_CASE("an If-Modified-Since that is no date or has nothing to compare with is ignored", "[http][rfc9110-13.1.3]") {
  const auto request = fields_of({{"if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT"}});
  CHECK_FALSE(is_not_modified(fields_of({{"if-modified-since", "tomorrow"}})));
  CHECK_FALSE(is_not_modified(fields_of({{"if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT"},
                                         {"if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT"}})));
  CHECK(evaluate_preconditions(Method::Get, request, 200, "\"a\"", std::nullopt) == Precondition::Full);
}

TEST_CASE("a revalidation carries both validators", "[http][rfc9111-4.3.1]") {
  std::string lines;
  append_revalidation_lines(lines, "\"a\"", "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(lines == "if-none-match: \"a\"\r\nif-modified-since: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
  lines.clear();
  append_revalidation_lines(lines, "", "");
  CHECK(lines.empty());
}

TEST_CASE("a 304 with another validator is not about what is stored", "[http][rfc9111-4.3.4]") {
  CHECK(is_about_stored({}, "\"a\"", "d"));
  CHECK(is_about_stored(fields_of({{"etag", "W/\"a\""}}), "\"a\"", ""));
  CHECK_FALSE(is_about_stored(fields_of({{"etag", "\"b\""}}), "\"a\"", ""));
  CHECK_FALSE(is_about_stored(fields_of({{"etag", "\"b\""}, {"last-modified", "d"}}), "", "d"));
  CHECK_FALSE(is_about_stored(fields_of({{"last-modified", "e"}}), "", "d"));
  CHECK(is_about_stored(fields_of({{"last-modified", "d"}}), "", "d"));
}

TEST_CASE("what describes the stored bytes is not replaced by what describes those of a 304", "[http][rfc9111-3.2]") {
  const std::string stored = "content-md5: a\r\ncontent-digest: sha-256=:b:\r\n";
  CHECK(merge_not_modified(stored, fields_of({{"Content-MD5", "c"}, {"Content-Digest", "sha-256=:d:"}})) == stored);
  CHECK(merge_not_modified("", fields_of({{"Content-MD5", "c"}})).empty());
}

TEST_CASE("a 304 replaces the stored fields that it names", "[http][rfc9111-3.2]") {
  const std::string stored =
      "etag: \"a\"\r\ncache-control: max-age=1\r\ncache-control: public\r\nx: 1\r\ncontent-type: image/png\r\n"
      "content-range: none\r\n";
  const auto merged = merge_not_modified(stored, fields_of({{"Cache-Control", "max-age=9"},
                                                            {"X", "2"},
                                                            {"X", "3"},
                                                            {"Y", "4"},
                                                            {"Content-Type", "text/plain"},
                                                            {"Content-Length", "0"},
                                                            {"Content-Encoding", "br"},
                                                            {"Content-Range", "bytes 0-1/2"},
                                                            {"Set-Cookie", "s"},
                                                            {"Connection", "keep-alive, z"},
                                                            {"Z", "5"},
                                                            {"Keep-Alive", "1"}}));
  CHECK(merged ==
        "etag: \"a\"\r\ncontent-range: none\r\ncache-control: max-age=9\r\nx: 2\r\nx: 3\r\n"
        "y: 4\r\ncontent-type: text/plain\r\n");
  CHECK(merge_not_modified(stored, {}) == stored);
}
