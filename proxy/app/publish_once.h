// Publishing one update event from the command line, straight to the feed: no edge need run here.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/result.h"
#include "feed/feed_options.h"
#include "feed/publisher.h"
#include "feed/update_event.h"

namespace edge::app {

// Blocks until it is published, and with `wait` until every live node has applied it or that time is over.
Result<feed::Published> publish_once(const feed::FeedOptions& options, feed::UpdateEvent event,
                                     std::optional<std::chrono::milliseconds> wait);

// What came of it, in one line for people.
std::string describe(const feed::Published& published);

}  // namespace edge::app
