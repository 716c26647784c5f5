// Parts of a stored response (RFC 9110 section 14).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace edge::http {

// Bytes of a body, both ends included.
struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;

  std::uint64_t length() const noexcept { return last - first + 1; }
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

enum class RangeKind : std::uint8_t {
  Whole,          // 200: no part was asked for, or not in a way that we would follow.
  Parts,          // 206: one part, or several as multipart/byteranges.
  Unsatisfiable,  // 416: nothing that was asked for lies within the body.
};

struct RangeAnswer {
  RangeKind kind = RangeKind::Whole;
  std::vector<ByteRange> parts{};  // Of Parts: at least one, in the order asked for, none touching another.
};

// What of a stored response a range request is about, and by what If-Range tells whether it is still the same.
struct RangedResponse {
  std::uint16_t status = 200;
  std::uint64_t body_bytes = 0;
  std::string_view etag{};  // Empty: none.
  std::optional<std::chrono::sys_seconds> last_modified{};
  std::optional<std::chrono::sys_seconds> date{};
};

// Which parts of `response` a request is to get. Whole where it is no GET, where the response is no 200, where Range is
// repeated, malformed or in another unit than bytes, and where If-Range names another version (section 13.1.5: a strong
// entity tag, or a Last-Modified that is at least a second older than Date).
//
// Parts that overlap or touch become one (section 14.2), so that all together are no more than the body. More than
// `parts_max` that still do not touch are an attack or a mistake: Whole. 0: always Whole.
//
// A request without Range costs one bit test.
RangeAnswer evaluate_range(const RequestHead& request, const RangedResponse& response, std::uint32_t parts_max);

// Appends "content-range: bytes 0-4/10\r\n", or without a part "content-range: bytes */10\r\n" (section 14.4).
void append_content_range(std::string& lines, const std::optional<ByteRange>& part, std::uint64_t body_bytes);

// A body of several parts (section 14.6): for each its head, then its bytes, and at last the end.
class ByterangesBody {
 public:
  // `boundary`: 1 to 70 letters and digits that do not occur in the response; random ones do not. `content_type`: of
  // the response; may be empty.
  ByterangesBody(std::vector<ByteRange> parts, std::uint64_t body_bytes, std::string_view content_type,
                 std::string_view boundary);

  const std::vector<ByteRange>& parts() const noexcept { return parts_; }
  // What stands before the bytes of a part, its boundary included; `part`: from 0.
  std::string part_head(std::size_t part) const;
  std::string end() const;
  // "multipart/byteranges; boundary=…".
  std::string content_type() const;
  std::uint64_t length() const;

 private:
  const std::vector<ByteRange> parts_;
  const std::uint64_t body_bytes_;
  const std::string content_type_;
  const std::string boundary_;
};

}  // namespace edge::http
