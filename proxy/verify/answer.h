// What somebody answered when asked for an avatar, as far as it tells one picture from another. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace edge::verify {

struct Answer {
  enum class Kind : std::uint8_t {
    Picture,   // 2xx.
    Absent,    // 404 or 410.
    Other,     // Another status that an origin may mean: a redirect, 403.
    NoAnswer,  // Unreachable, too late, overloaded (429), or 5xx: it says nothing of the avatar. `why` says why.
    NotAsked,  // Our own limits kept us from asking in time.
  };

  Kind kind = Kind::NoAnswer;
  std::uint16_t status = 0;
  std::optional<std::uint64_t> version{};
  std::string etag{};
  std::string last_modified{};
  std::string location{};
  std::optional<std::uint64_t> body_hash{};  // Of this process; none where the body was too large to keep.
  std::string why{};

  bool is_usable() const noexcept { return kind != Kind::NoAnswer && kind != Kind::NotAsked; }
};

// Of one answer to another.
enum class Likeness : std::uint8_t { Same, Older, Newer, Different };

// Without the body. Values longer than some hundred bytes are cut off, because many answers are kept.
Answer read_answer(const http::ResponseHead& head, std::string_view version_header);
Answer no_answer(std::string why);
Answer not_asked();

// How `answer` relates to `other`; both must be usable. Versions decide where both have one. Else the status, and of
// pictures the ETag, else Last-Modified, else the body; the same body is the same picture, whatever validators say,
// and another body is another one within the second that Last-Modified can tell.
Likeness compare(const Answer& answer, const Answer& other);

// For people, in one phrase: 'version 57, ETag "x", 200'.
std::string describe(const Answer& answer);

}  // namespace edge::verify
