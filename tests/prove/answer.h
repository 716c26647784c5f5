// An HTTP answer as it came over the wire, and what it says of an avatar.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "truth.h"

namespace prove {

struct Answer {
  int status = 0;
  std::string_view head, body;
  std::string_view etag, cache_status;
  std::optional<std::uint64_t> version_field;  // X-Avatar-Version.
  bool closes = false;

  bool is_hit() const { return cache_status.find("; hit") != std::string_view::npos; }
  bool is_from_tier() const { return cache_status.find("detail=tier2") != std::string_view::npos; }
  bool is_voided() const { return cache_status.find("detail=voided") != std::string_view::npos; }
  bool is_behind_update() const { return cache_status.find("detail=behind-update") != std::string_view::npos; }
};

enum class Parsed { Incomplete, Whole, Malformed };

// The first answer in `data`, which the answer then refers to; `used` is its length.
Parsed parse_answer(std::string_view data, bool has_body, Answer& answer, std::size_t& used);

// What the origin sends for an avatar: every part of it names avatar, variant and version, so that an answer that is
// put together from two shows.
std::string picture(std::size_t avatar, std::size_t variant, std::uint64_t version);
std::string etag_of(std::size_t avatar, std::uint64_t version);

// The version of an answer of status 200, 404 or 304; or `fault` says in what it contradicts itself.
std::optional<std::uint64_t> version_of(const Answer& answer, std::size_t avatar, std::size_t variant,
                                        std::string& fault);

std::optional<std::uint64_t> parse_number(std::string_view text);
// The value of the first field of that name in a head.
std::optional<std::string_view> find_field(std::string_view head, std::string_view name);

}  // namespace prove
