// What the checks of a run have in common.
#pragma once

#include <memory>
#include <vector>

#include "event/event_loop.h"
#include "verify/asker.h"
#include "verify/verify_options.h"

namespace edge::verify {

// Owned by the run; outlives the inquiries.
struct Scene {
  event::EventLoop& loop;
  const VerifyOptions& options;
  Asker& origin;
  const std::vector<std::unique_ptr<Asker>>& sites;
};

}  // namespace edge::verify
