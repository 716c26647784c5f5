#include "base/log_rate.h"

namespace edge {

LogRate::Verdict LogRate::admit(std::string_view kind, Instant now) {
  auto found = kinds_.find(kind);
  if (found == kinds_.end()) found = kinds_.emplace(std::string(kind), Kind{now}).first;
  Kind& state = found->second;
  if (now - state.second_began >= std::chrono::seconds{1}) {
    state.second_began = now;
    state.admitted = 0;
  }
  if (per_second_max_ != 0 && state.admitted >= per_second_max_) {
    ++state.left_out;
    return {.admitted = false, .left_out_before = 0};
  }
  ++state.admitted;
  return {.admitted = true, .left_out_before = std::exchange(state.left_out, 0)};
}

}  // namespace edge
