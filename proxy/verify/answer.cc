#include "verify/answer.h"

#include "base/text.h"
#include "http/etag.h"

namespace edge::verify {
namespace {

constexpr std::size_t kValueBytesMax = 256;

std::string kept(std::string_view value) { return std::string(value.substr(0, kValueBytesMax)); }

Answer::Kind kind_of(std::uint16_t status) {
  if (status >= 200 && status < 300) return Answer::Kind::Picture;
  if (status == 404 || status == 410) return Answer::Kind::Absent;
  // Request Timeout, Too Early and Too Many Requests are about the asking, not about the avatar.
  if (status >= 500 || status == 408 || status == 425 || status == 429) return Answer::Kind::NoAnswer;
  return Answer::Kind::Other;
}

bool is_same_tag(const std::string& a, const std::string& b) {
  const auto tag_a = http::try_entity_tag(a), tag_b = http::try_entity_tag(b);
  return tag_a && tag_b ? http::is_weak_match(*tag_a, *tag_b) : a == b;
}

// Where nothing tells them apart they are the same: nobody is accused of what cannot be seen.
bool is_same_picture(const Answer& a, const Answer& b) {
  if (a.body_hash && a.body_hash == b.body_hash) return true;
  if (!a.etag.empty() && !b.etag.empty()) return is_same_tag(a.etag, b.etag);
  // One that was too large to keep is another than one that was not.
  if (a.body_hash != b.body_hash) return false;
  return a.last_modified.empty() || b.last_modified.empty() || a.last_modified == b.last_modified;
}

}  // namespace

Answer read_answer(const http::ResponseHead& head, std::string_view version_header) {
  Answer answer;
  answer.kind = kind_of(head.status);
  answer.status = head.status;
  answer.version = try_unsigned(trim(head.fields.combined(version_header)));
  answer.etag = kept(head.fields.value(http::FieldName::ETag));
  answer.last_modified = kept(head.fields.value(http::FieldName::LastModified));
  answer.location = kept(head.fields.value(http::FieldName::Location));
  if (answer.kind == Answer::Kind::NoAnswer) answer.why = "it answered " + std::to_string(head.status);
  return answer;
}

Answer no_answer(std::string why) { return {.kind = Answer::Kind::NoAnswer, .why = std::move(why)}; }

Answer not_asked() { return {.kind = Answer::Kind::NotAsked, .why = "not asked"}; }

Likeness compare(const Answer& answer, const Answer& other) {
  const auto unless = [](bool is_same) { return is_same ? Likeness::Same : Likeness::Different; };
  // A version on an error answer is that of the deletion, and orders like any other.
  if (answer.version && other.version && *answer.version != *other.version)
    return *answer.version < *other.version ? Likeness::Older : Likeness::Newer;
  if (answer.kind != other.kind) return Likeness::Different;
  switch (answer.kind) {
    case Answer::Kind::Picture:
      return unless((answer.version && other.version) || is_same_picture(answer, other));
    case Answer::Kind::Absent:
      return Likeness::Same;
    case Answer::Kind::Other:
      return unless(answer.status == other.status && answer.location == other.location);
    case Answer::Kind::NoAnswer:
    case Answer::Kind::NotAsked:
      break;
  }
  return Likeness::Different;
}

std::string describe(const Answer& answer) {
  if (!answer.is_usable()) return answer.why;
  std::string text;
  const auto add = [&text](const std::string& phrase) { text += (text.empty() ? "" : ", ") + phrase; };
  if (answer.version) add("version " + std::to_string(*answer.version));
  if (!answer.etag.empty()) add("ETag " + answer.etag);
  if (answer.etag.empty() && !answer.last_modified.empty()) add("Last-Modified " + answer.last_modified);
  if (!answer.location.empty()) add("Location " + answer.location);
  if (text.empty() && answer.kind == Answer::Kind::Picture) add("a body without validators");
  add("status " + std::to_string(answer.status));
  return text;
}

}  // namespace edge::verify
