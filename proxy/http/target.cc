#include "http/target.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"
#include "http/characters.h"
#include "http/percent.h"

namespace edge::http {
namespace {

// What a byte means to a path.
enum class PathByte : std::uint8_t {
  Plain,  // pchar (RFC 3986 section 3.3) that stays as it is.
  Slash,
  Percent,
  Question,  // Ends the path.
  Escaped,   // Visible, but no pchar: is written as an escape.
  Refused,
};

constexpr std::array<PathByte, 256> make_path_bytes() {
  std::array<PathByte, 256> bytes{};
  bytes.fill(PathByte::Refused);
  for (std::size_t c = 0x21; c < 0x7f; ++c) bytes[c] = PathByte::Escaped;
  constexpr CharacterSet kPlain = make_set("-._~!$&'()*+,;=:@");
  for (std::size_t c = 0; c < 256; ++c)
    if (kPlain[c]) bytes[c] = PathByte::Plain;
  bytes['/'] = PathByte::Slash;
  bytes['%'] = PathByte::Percent;
  bytes['?'] = PathByte::Question;
  bytes['#'] = PathByte::Refused;
  bytes['\\'] = PathByte::Refused;
  return bytes;
}
constexpr std::array<PathByte, 256> kPathBytes = make_path_bytes();

PathByte path_byte(char c) noexcept { return kPathBytes[static_cast<unsigned char>(c)]; }

// RFC 3986 section 3.2, without user information: RFC 9110 section 4.2.4 has no place for it in a request.
constexpr CharacterSet kAuthorityCharacters = make_set("-._~!$&'()*+,;=:[]%");

Failure malformed(const char* what) { return fail(ErrorCode::Malformed, what); }

const char* why_refused(char c) noexcept {
  if (c == '#') return "a '#' in the request target";
  if (c == '\\') return "a backslash in the path";
  if (c == ' ') return "a space in the request target";
  if (is_control(c)) return "a control character in the request target";
  return "a byte beyond ASCII in the path";
}

const char* find_query_fault(std::string_view query) noexcept {
  for (const char c : query)
    if (c == '#' || c == ' ' || is_control(c)) return why_refused(c);
  return nullptr;
}

// Where the path ends that begins at the front of `text`, if it is normal up to there; nullopt when there is something
// to change or refuse.
std::optional<std::size_t> try_normal_path(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size(); ++i) {
    switch (path_byte(text[i])) {
      case PathByte::Plain:
        break;
      case PathByte::Slash:
        // Every dot segment and every double slash begins so; what only looks like one survives the slow way unchanged.
        if (i + 1 < text.size() && (text[i + 1] == '/' || text[i + 1] == '.')) return std::nullopt;
        break;
      case PathByte::Question:
        return i;
      case PathByte::Percent:
      case PathByte::Escaped:
      case PathByte::Refused:
        return std::nullopt;
    }
  }
  return text.size();
}

// Appends the normal form of the escape at the front of `text`; says what is wrong with it, or null.
const char* append_normal_escape(std::string& to, std::string_view text) {
  const auto byte = try_escape(text);
  if (!byte) return "a '%' without two hex digits in the path";
  if (*byte == '/') return "an escaped slash in the path";
  if (*byte == '\\') return "an escaped backslash in the path";
  if (is_control(*byte)) return "an escaped control character in the path";
  if (is_in(kUnreservedCharacters, *byte)) {
    to += *byte;
  } else {
    append_escape(to, *byte);
  }
  return nullptr;
}

// Takes one segment off the front of `path`, appending its normal form. Stops before '/' and '?'.
const char* append_segment(std::string& to, std::string_view& path) {
  while (!path.empty()) {
    const char c = path.front();
    switch (path_byte(c)) {
      case PathByte::Slash:
      case PathByte::Question:
        return nullptr;
      case PathByte::Plain:
        to += c;
        break;
      case PathByte::Escaped:
        append_escape(to, c);
        break;
      case PathByte::Percent:
        if (const char* fault = append_normal_escape(to, path)) return fault;
        path.remove_prefix(2);
        break;
      case PathByte::Refused:
        return why_refused(c);
    }
    path.remove_prefix(1);
  }
  return nullptr;
}

// Appends the normal form of the path at the front of `rest`, and takes it off. RFC 3986 section 5.2.4, segment by
// segment: `to` always holds what is normal so far, without a slash at its end.
const char* append_normal_path(std::string& to, std::string_view& rest) {
  bool ends_in_slash = false;
  while (!rest.empty() && rest.front() == '/') {
    rest.remove_prefix(std::min(rest.find_first_not_of('/'), rest.size()));
    const std::size_t slash = to.size();
    to += '/';
    if (const char* fault = append_segment(to, rest)) return fault;
    const std::string_view segment = std::string_view{to}.substr(slash + 1);
    ends_in_slash = segment.empty() || segment == "." || segment == "..";
    if (!ends_in_slash) continue;
    const bool climbs = segment == "..";
    to.resize(slash);
    if (!climbs) continue;
    if (to.empty()) return "a path that climbs above its root";
    to.resize(to.rfind('/'));
  }
  if (ends_in_slash || to.empty()) to += '/';
  return nullptr;
}

Result<Target> parse_origin_form(std::string_view raw, std::string& scratch) {
  if (const auto end = try_normal_path(raw)) {
    Target target{raw.substr(0, *end), {}, raw};
    if (*end == raw.size()) return target;
    target.query = raw.substr(*end + 1);
    if (const char* fault = find_query_fault(target.query)) return malformed(fault);
    return target;
  }
  scratch.clear();
  if (const char* fault = append_normal_path(scratch, raw)) return malformed(fault);
  const std::size_t end = scratch.size();
  if (const char* fault = find_query_fault(raw)) return malformed(fault);
  scratch += raw;  // Nothing, or the query with its '?'.
  const std::string_view whole = scratch;
  return Target{whole.substr(0, end), whole.substr(std::min(end + 1, whole.size())), whole};
}

// The length of "http://" or "https://" at the front; 0 when it is neither (RFC 9110 section 4.2.3: case-insensitive).
std::size_t scheme_length(std::string_view raw) noexcept {
  for (const std::string_view scheme : {"http://", "https://"})
    if (equals_ignoring_case(raw.substr(0, scheme.size()), scheme)) return scheme.size();
  return 0;
}

}  // namespace

Result<Target> parse_target(std::string_view raw, std::string& scratch) {
  if (!raw.empty() && raw.front() == '/') return parse_origin_form(raw, scratch);
  if (raw == "*") return Target{raw, {}, raw, true};

  const std::size_t scheme = scheme_length(raw);
  if (scheme == 0) return malformed("a request target that is neither a path nor an http or https URI");
  const std::size_t authority_end = std::min(raw.find_first_of("/?#", scheme), raw.size());
  const std::string_view authority = raw.substr(scheme, authority_end - scheme);
  if (authority.empty() || authority.front() == ':') return malformed("a URI without a host");
  for (const char c : authority)
    if (!is_in(kAuthorityCharacters, c)) return malformed("a character in the URI's host that none may hold");

  const std::string_view rest = raw.substr(authority_end);
  if (!rest.empty() && rest.front() == '/') return parse_origin_form(rest, scratch);
  if (!rest.empty() && rest.front() == '#') return malformed(why_refused('#'));
  if (const char* fault = find_query_fault(rest)) return malformed(fault);
  scratch.assign("/").append(rest);
  const std::string_view whole = scratch;
  return Target{whole.substr(0, 1), whole.substr(std::min<std::size_t>(2, whole.size())), whole};
}

}  // namespace edge::http
