#include "frontend/access_log.h"

#include <algorithm>
#include <string>

#include "base/rfc3339.h"
#include "base/text.h"
#include "base/utf8.h"

namespace edge::frontend {
namespace {

// \u0000 to \u00FF.
void append_unicode_escape(std::string& to, unsigned char value) {
  constexpr std::string_view kHex = "0123456789abcdef";
  to += "\\u00";
  to += kHex[value >> 4];
  to += kHex[value & 0xF];
}

constexpr bool needs_no_care(char c) noexcept { return c >= ' ' && c < '\x7F' && c != '"' && c != '\\'; }

// RFC 8259 section 7. Nearly all text needs no care and is copied in one piece.
void append_string(std::string& to, std::string_view text) {
  to += '"';
  for (;;) {
    const auto end = std::find_if_not(text.begin(), text.end(), needs_no_care);
    const auto plain_bytes = static_cast<std::size_t>(end - text.begin());
    to += text.substr(0, plain_bytes);
    text.remove_prefix(plain_bytes);
    if (text.empty()) break;
    const std::size_t bytes = utf8_character_bytes(text);
    const std::string_view character = text.substr(0, std::max<std::size_t>(bytes, 1));
    if (bytes == 0 || is_control_character(character)) {
      append_unicode_escape(to, static_cast<unsigned char>(character.back()));
    } else {
      if (character == "\"" || character == "\\") to += '\\';
      to += character;
    }
    text.remove_prefix(character.size());
  }
  to += '"';
}

// `opening` is everything up to the value: {"name": or ,"name":
void append_member(std::string& to, std::string_view opening, std::string_view text) {
  to += opening;
  append_string(to, text);
}
void append_member(std::string& to, std::string_view opening, std::uint64_t number) {
  to += opening;
  append_unsigned(to, number);
}

}  // namespace

std::string_view AccessLine::text() {
  if (!text_.empty()) return text_;
  thread_local std::string line;  // Keeps its room from one exchange to the next.
  line.clear();
  append_member(line, R"({"time":)", Rfc3339(record_.time).view());
  append_member(line, R"(,"client":)", record_.client);
  append_member(line, R"(,"method":)", record_.method);
  append_member(line, R"(,"target":)", record_.target);
  append_member(line, R"(,"protocol":)", record_.protocol);
  append_member(line, R"(,"status":)", record_.status);
  append_member(line, R"(,"bytes":)", record_.bytes_sent);
  append_member(line, R"(,"outcome":)", metrics::kOutcomeLabels[static_cast<std::size_t>(record_.outcome)]);
  if (!record_.detail.empty()) append_member(line, R"(,"detail":)", record_.detail);
  const auto duration = std::chrono::floor<std::chrono::microseconds>(record_.duration);
  append_member(line, R"(,"duration_us":)", static_cast<std::uint64_t>(duration.count()));
  if (!record_.complete) line += R"(,"complete":false)";
  append_member(line, R"(,"request_id":)", record_.request_id);
  if (!record_.trace_id.empty()) append_member(line, R"(,"trace_id":)", record_.trace_id);
  line += '}';
  return text_ = line;
}

void AccessLog::set_mode(AccessLogMode mode) {
  MutexLock lock(mutex_);
  mode_ = mode;
  note_wanted();
}

void AccessLog::set_listener(Hears what_for, std::shared_ptr<const AccessListener> listener) {
  MutexLock lock(mutex_);
  listeners_[static_cast<std::size_t>(what_for)].swap(listener);
  note_wanted();
}

void AccessLog::note_wanted() {
  const bool is_listened = std::ranges::any_of(listeners_, [](const auto& listener) { return listener != nullptr; });
  wanted_.store(bits(mode_, is_listened), std::memory_order_relaxed);
}

AccessLog::Listeners AccessLog::listeners() {
  MutexLock lock(mutex_);
  return listeners_;
}

void AccessLog::write(const AccessRecord& record) {
  const std::uint8_t wanted = wanted_.load(std::memory_order_relaxed);
  AccessLine line(record);
  if (is_wanted(wanted & static_cast<std::uint8_t>(~kListened), record.status, record.complete))
    writer_.write(line.text());
  if ((wanted & kListened) == 0) return;
  for (const auto& listener : listeners())
    if (listener) listener->on_exchange(line);
}

}  // namespace edge::frontend
