// What people are told. Pure.
#pragma once

#include <string>

#include "base/clock.h"
#include "verify/judge.h"
#include "verify/tally.h"

namespace edge::verify {

// A table with a line for each site and time-scale, below the time and what became of the changes.
std::string summary(WallTime now, const Tally& tally);

// Which edge answered what of which avatar, and what was expected: one line, without the time.
struct Accused {
  std::string site;
  std::string avatar;
  std::string target;
  std::string event;    // Its ID.
  std::string scale;    // For which it was asked,
  WallTime asked_at{};  // and when it really was.
};
std::string describe_accusation(const Accused& accused, const Evidence& evidence);

}  // namespace edge::verify
