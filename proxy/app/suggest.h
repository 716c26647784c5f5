// "Did you mean ...?"
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace edge::app {

// How many characters must be added, dropped, changed or swapped with their neighbour to turn `a` into `b`.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The candidate that `word` was most likely meant to be: the nearest, the first of equals; nullopt where none is near
// (more than a third of it wrong).
std::optional<std::string_view> try_suggestion(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace edge::app
