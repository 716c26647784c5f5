#include "answer.h"

#include <strings.h>
#include <charconv>

namespace prove {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

bool is_same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

std::string stamp(std::size_t avatar, std::size_t variant, std::uint64_t version) {
  return "avatar " + std::to_string(avatar) + " variant " + kVariantNames[variant] + " version " +
         std::to_string(version) + "\n";
}

// Calls `on_field` with each name and value.
template <typename OnField>
void for_each_field(std::string_view head, OnField on_field) {
  auto at = head.find(kLineEnd);
  while (at != std::string_view::npos && at + 2 < head.size()) {
    at += 2;
    const auto end = std::min(head.find(kLineEnd, at), head.size());
    const auto line = head.substr(at, end - at);
    const auto colon = line.find(':');
    if (colon != std::string_view::npos) {
      auto value = line.substr(colon + 1);
      while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
      on_field(line.substr(0, colon), value);
    }
    at = end == head.size() ? std::string_view::npos : end;
  }
}

}  // namespace

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::string_view> find_field(std::string_view head, std::string_view name) {
  std::optional<std::string_view> found;
  for_each_field(head, [&](std::string_view field, std::string_view value) {
    if (!found && is_same(field, name)) found = value;
  });
  return found;
}

Parsed parse_answer(std::string_view data, bool has_body, Answer& answer, std::size_t& used) {
  const auto end = data.find("\r\n\r\n");
  if (end == std::string_view::npos) return data.size() > 65536 ? Parsed::Malformed : Parsed::Incomplete;
  answer = {};
  answer.head = data.substr(0, end);
  if (data.size() < 12 || data.substr(0, 7) != "HTTP/1.") return Parsed::Malformed;
  const auto status = parse_number(data.substr(9, 3));
  if (!status) return Parsed::Malformed;
  answer.status = static_cast<int>(*status);
  std::optional<std::uint64_t> length;
  bool is_understood = true;
  for_each_field(answer.head, [&](std::string_view name, std::string_view value) {
    if (is_same(name, "content-length")) length = parse_number(value), is_understood &= length.has_value();
    if (is_same(name, "transfer-encoding")) is_understood = false;  // The origin here never sends in chunks.
    if (is_same(name, "etag")) answer.etag = value;
    if (is_same(name, "cache-status")) answer.cache_status = value;
    if (is_same(name, "x-avatar-version")) answer.version_field = parse_number(value);
    if (is_same(name, "connection")) answer.closes = is_same(value, "close");
  });
  if (!is_understood) return Parsed::Malformed;
  const bool may_have_body = has_body && answer.status != 304 && answer.status != 204 && answer.status >= 200;
  if (may_have_body && !length) return Parsed::Malformed;
  const std::size_t body = may_have_body ? *length : 0;
  if (data.size() < end + 4 + body) return Parsed::Incomplete;
  answer.body = data.substr(end + 4, body);
  used = end + 4 + body;
  return Parsed::Whole;
}

std::string picture(std::size_t avatar, std::size_t variant, std::uint64_t version) {
  const std::string line = stamp(avatar, variant, version);
  std::string body = line;
  body.append(120 + (avatar * 31 + variant * 173 + version * 7) % 600, static_cast<char>('a' + version % 26));
  body += '\n';
  return body + line;
}

std::string etag_of(std::size_t avatar, std::uint64_t version) {
  return "\"" + std::to_string(avatar) + "-v" + std::to_string(version) + "\"";
}

std::optional<std::uint64_t> version_of(const Answer& answer, std::size_t avatar, std::size_t variant,
                                        std::string& fault) {
  const std::string start = "\"" + std::to_string(avatar) + "-v";
  std::optional<std::uint64_t> version;
  if (answer.etag.size() > start.size() + 1 && answer.etag.substr(0, start.size()) == start)
    version = parse_number(answer.etag.substr(start.size(), answer.etag.size() - start.size() - 1));
  if (!version) {
    fault = "ETag is " + std::string(answer.etag);
  } else if (answer.version_field && *answer.version_field != *version) {
    fault = "ETag is " + std::string(answer.etag) + ", X-Avatar-Version " + std::to_string(*answer.version_field);
  } else if (answer.status != 304 && answer.body != picture(avatar, variant, *version)) {
    fault = "ETag is " + std::string(answer.etag) +
            ", the body begins: " + std::string(answer.body.substr(0, answer.body.find('\n')));
  }
  return fault.empty() ? version : std::nullopt;
}

}  // namespace prove
