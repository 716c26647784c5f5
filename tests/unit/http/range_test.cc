#include "http/range.h"

#include "support/catch.h"

using namespace edge::http;
using namespace std::chrono_literals;

namespace {

using Parts = std::vector<ByteRange>;

constexpr std::chrono::sys_seconds kModified{784111777s};  // Sun, 06 Nov 1994 08:49:37 GMT.
const RangedResponse kTenBytes{.body_bytes = 10, .etag = "\"v1\"", .last_modified = kModified, .date = kModified + 1s};

struct Asked {
  RequestHead request{};
  RangedResponse response = kTenBytes;
  std::uint32_t parts_max = 4;

  explicit Asked(const char* range) { request.fields.add("Range", range); }
  Asked& also(const char* name, const char* value) { return request.fields.add(name, value), *this; }
  RangeAnswer answer() const { return evaluate_range(request, response, parts_max); }
  RangeKind kind() const { return answer().kind; }
};

Parts parts(const char* range) {
  const RangeAnswer answer = Asked(range).answer();
  CHECK((answer.kind == RangeKind::Parts) == !answer.parts.empty());
  return answer.parts;
}

}  // namespace

TEST_CASE("a range names its first and last byte, or only one of them", "[http][rfc9110-14.1.2]") {
  CHECK(parts("bytes=0-0") == Parts{{0, 0}});
  CHECK(parts("bytes=2-5") == Parts{{2, 5}});
  CHECK(parts("bytes=9-9") == Parts{{9, 9}});
  CHECK(parts("bytes=4-") == Parts{{4, 9}});
  CHECK(parts("bytes=-3") == Parts{{7, 9}});
  CHECK(parts("BYTES=2-5") == Parts{{2, 5}});
}

TEST_CASE("what lies beyond the end is cut off", "[http][rfc9110-14.1.2]") {
  CHECK(parts("bytes=4-10") == Parts{{4, 9}});
  CHECK(parts("bytes=0-99999999999999999999999") == Parts{{0, 9}});
  CHECK(parts("bytes=-11") == Parts{{0, 9}});
}

TEST_CASE("nothing of the body is asked for: 416", "[http][rfc9110-15.5.17]") {
  for (const char* range : {"bytes=10-", "bytes=10-12", "bytes=-0", "bytes=99999999999999999999999-", "bytes=10-, -0"})
    CHECK(Asked(range).kind() == RangeKind::Unsatisfiable);
  Asked empty("bytes=-1");
  empty.response.body_bytes = 0;
  CHECK(empty.kind() == RangeKind::Unsatisfiable);
  CHECK(parts("bytes=10-, 3-4") == Parts{{3, 4}});
}

TEST_CASE("what is malformed or of another unit is ignored", "[http][rfc9110-14.2]") {
  for (const char* range :
       {"", "bytes", "bytes=", "bytes=,", "bytes=5", "bytes=-", "bytes=a-b", "bytes=5-4", "bytes=1-2-3", "bytes=+1-2",
        "bytes=1 - 2", "bytes=0x1-2", "items=0-1", "bytes =0-1", "bytes=0-1, x"}) {
    INFO(range);
    CHECK(Asked(range).kind() == RangeKind::Whole);
  }
  CHECK(Asked("bytes=0-1").also("range", "bytes=2-3").kind() == RangeKind::Whole);
}

TEST_CASE("only a GET for a 200 has parts", "[http][rfc9110-14.2]") {
  Asked head("bytes=0-1");
  head.request.method = Method::Head;
  CHECK(head.kind() == RangeKind::Whole);
  Asked missing("bytes=0-1");
  missing.response.status = 404;
  CHECK(missing.kind() == RangeKind::Whole);
  CHECK(evaluate_range({}, kTenBytes, 4).kind == RangeKind::Whole);
}

TEST_CASE("parts that touch become one, where the first of them was asked for", "[http][rfc9110-15.3.7.2]") {
  CHECK(parts("bytes=0-1, 4-5") == Parts{{0, 1}, {4, 5}});
  CHECK(parts("bytes=8-9, 0-1") == Parts{{8, 9}, {0, 1}});
  CHECK(parts("bytes=0-1, 2-3") == Parts{{0, 3}});
  CHECK(parts("bytes=0-5, 2-3") == Parts{{0, 5}});
  CHECK(parts("bytes=8-9, 0-1, 4-5, 2-3") == Parts{{8, 9}, {0, 5}});
  CHECK(parts("bytes=0-1, 4-5, 8-9, 1-8") == Parts{{0, 9}});
}

TEST_CASE("too many parts are answered with the whole", "[http][rfc9110-14.2]") {
  CHECK(Asked("bytes=0-0,2-2,4-4,6-6").kind() == RangeKind::Parts);
  CHECK(Asked("bytes=0-0,2-2,4-4,6-6,8-8").kind() == RangeKind::Whole);
  CHECK(parts("bytes=0-,0-,0-,0-,0-,0-,0-,0-,0-,0-") == Parts{{0, 9}});
  Asked none("bytes=0-1");
  none.parts_max = 0;
  CHECK(none.kind() == RangeKind::Whole);
}

TEST_CASE("If-Range holds for the same version only", "[http][rfc9110-13.1.5]") {
  const auto kind = [](const char* version, const RangedResponse& response = kTenBytes) {
    Asked asked("bytes=0-1");
    asked.also("If-Range", version).response = response;
    return asked.kind();
  };
  CHECK(kind("\"v1\"") == RangeKind::Parts);
  CHECK(kind("\"v2\"") == RangeKind::Whole);
  CHECK(kind("W/\"v1\"") == RangeKind::Whole);
  CHECK(kind("\"v1\"", {.body_bytes = 10, .etag = "W/\"v1\""}) == RangeKind::Whole);
  CHECK(kind("Sun, 06 Nov 1994 08:49:37 GMT") == RangeKind::Parts);
  CHECK(kind("Sun, 06 Nov 1994 08:49:38 GMT") == RangeKind::Whole);
  CHECK(kind("nonsense") == RangeKind::Whole);
  RangedResponse just_made = kTenBytes;
  just_made.date = kModified;  // It may have changed again within that second.
  CHECK(kind("Sun, 06 Nov 1994 08:49:37 GMT", just_made) == RangeKind::Whole);
  just_made.date.reset();
  CHECK(kind("Sun, 06 Nov 1994 08:49:37 GMT", just_made) == RangeKind::Whole);
  CHECK(Asked("bytes=0-1").also("if-range", "\"v1\"").also("if-range", "\"v1\"").kind() == RangeKind::Whole);
}

TEST_CASE("Content-Range says which part of how much it is", "[http][rfc9110-14.4]") {
  std::string lines;
  append_content_range(lines, ByteRange{2, 5}, 10);
  append_content_range(lines, std::nullopt, 10);
  CHECK(lines == "content-range: bytes 2-5/10\r\ncontent-range: bytes */10\r\n");
}

TEST_CASE("several parts are framed by a boundary", "[http][rfc9110-14.6]") {
  const ByterangesBody body({{0, 1}, {4, 5}}, 10, "image/png", "B");
  CHECK(body.content_type() == "multipart/byteranges; boundary=B");
  const std::string whole = body.part_head(0) + "01" + body.part_head(1) + "45" + body.end();
  CHECK(whole ==
        "--B\r\ncontent-type: image/png\r\ncontent-range: bytes 0-1/10\r\n\r\n01"
        "\r\n--B\r\ncontent-type: image/png\r\ncontent-range: bytes 4-5/10\r\n\r\n45"
        "\r\n--B--\r\n");
  CHECK(body.length() == whole.size());
}
