#include "verify/resume_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <system_error>

namespace edge::verify {
namespace {

using Json = nlohmann::json;

Failure refused(const std::filesystem::path& file, std::string_view what) {
  return fail(ErrorCode::System,
              file.native() + ": " + std::string(what) + ": " + std::generic_category().message(errno));
}

// Absent or of another type: 0, as it was before anything was counted.
std::uint64_t number(const Json& object, std::string_view name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

std::string text(const Json& object, std::string_view name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

Json json_of(const Tally::Row& row) {
  Json object{{"site", row.site}, {"after", row.scale}};
  for (std::size_t i = 0; i < row.counts.size(); ++i) object[std::string(kOutcomeLabels[i])] = row.counts[i];
  return object;
}

Tally::Row row_of(const Json& object) {
  Tally::Row row{text(object, "site"), text(object, "after")};
  for (std::size_t i = 0; i < row.counts.size(); ++i) row.counts[i] = number(object, kOutcomeLabels[i]);
  return row;
}

// Owns a descriptor for as long as one function.
struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

Status write_whole(const std::filesystem::path& file, std::string_view text) {
  const Descriptor to{::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640)};
  if (to.fd < 0) return refused(file, "cannot be opened");
  while (!text.empty()) {
    const ssize_t written = ::write(to.fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return refused(file, "cannot be written");
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  // Before the rename, so that a power failure leaves no empty file under the name.
  if (::fsync(to.fd) != 0) return refused(file, "cannot be written");
  return {};
}

}  // namespace

std::string write_standing(const Standing& standing) {
  Json checks = Json::array();
  for (const Tally::Row& row : standing.rows) checks.push_back(json_of(row));
  const Json whole{{"stream", standing.stream},
                   {"position", standing.position ? Json(standing.position->text()) : Json(nullptr)},
                   {"changes",
                    {{"read", standing.changes.read},
                     {"checked", standing.changes.checked},
                     {"skipped", standing.changes.skipped},
                     {"malformed", standing.changes.malformed}}},
                   {"checks", std::move(checks)}};
  return whole.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<Standing> parse_standing(std::string_view source) {
  const Json whole = Json::parse(source, nullptr, false);
  if (!whole.is_object() || !whole.contains("stream") || !whole.contains("position") || !whole.contains("checks"))
    return fail(ErrorCode::Malformed, "not written by avatar-edge verify");
  Standing standing{.stream = text(whole, "stream"), .position = {}, .changes = {}, .rows = {}};
  if (!whole["position"].is_null()) {
    standing.position = cache::try_event_id(text(whole, "position"));
    if (!standing.position) return fail(ErrorCode::Malformed, "its position is no event's ID");
  }
  const Json changes = whole.value("changes", Json::object());
  standing.changes = {number(changes, "read"), number(changes, "checked"), number(changes, "skipped"),
                      number(changes, "malformed")};
  for (const Json& row : whole["checks"]) standing.rows.push_back(row_of(row));
  return standing;
}

Result<std::optional<Standing>> load_standing(const std::filesystem::path& file) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) return std::optional<Standing>{};
  std::ifstream from(file);
  std::ostringstream text;
  if (!from || !(text << from.rdbuf())) return fail(ErrorCode::System, file.native() + ": cannot be read");
  auto standing = parse_standing(text.str());
  if (!standing) return fail(standing.error().code, file.native() + ": " + standing.error().message);
  return std::optional<Standing>(*std::move(standing));
}

Status save_standing(const std::filesystem::path& file, const Standing& standing) {
  std::filesystem::path beside = file;
  beside += ".new";
  if (const Status written = write_whole(beside, write_standing(standing)); !written) return written;
  if (::rename(beside.c_str(), file.c_str()) != 0) return refused(file, "cannot be replaced");
  return {};
}

}  // namespace edge::verify
