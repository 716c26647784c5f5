// Where a run stood, so that the next one goes on from there.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cache/event_id.h"
#include "verify/tally.h"

namespace edge::verify {

struct Standing {
  std::string stream;
  std::optional<cache::EventId> position;  // The last event that was read.
  ChangeCounts changes;
  std::vector<Tally::Row> rows;
};

// JSON, as it stands in the file. The error says what is wrong.
std::string write_standing(const Standing& standing);
Result<Standing> parse_standing(std::string_view text);

// Null where there is no such file yet. Fails where it cannot be read or is not one of ours.
Result<std::optional<Standing>> load_standing(const std::filesystem::path& file);
// Atomic: whoever reads the file, whenever, finds the old one or the new one, whole.
Status save_standing(const std::filesystem::path& file, const Standing& standing);

}  // namespace edge::verify
