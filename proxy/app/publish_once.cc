#include "app/publish_once.h"

#include <algorithm>

#include "event/event_loop.h"

namespace edge::app {

Result<feed::Published> publish_once(const feed::FeedOptions& options, feed::UpdateEvent event,
                                     std::optional<std::chrono::milliseconds> wait) {
  const SystemClock clock;
  event::EventLoop loop(clock);
  metrics::FeedMetrics counts;
  feed::Publisher publisher(loop, options, counts);
  std::optional<Result<feed::Published>> outcome;
  publisher.publish(std::move(event), wait, [&](Result<feed::Published> done) {
    outcome.emplace(std::move(done));
    loop.stop();
  });
  loop.run();
  return std::move(*outcome);
}

std::string describe(const feed::Published& published) {
  std::string text = published.id.text();
  if (!published.acknowledgement) return text + ": published";
  const feed::Acknowledgement& outcome = *published.acknowledgement;
  const auto applied = std::count_if(outcome.nodes.begin(), outcome.nodes.end(),
                                     [](const auto& node) { return node.applied_after.has_value(); });
  text += ": applied by " + std::to_string(applied) + " of " + std::to_string(outcome.nodes.size()) + " nodes; after " +
          std::to_string(outcome.took.count()) + " ms ";
  text +=
      outcome.is_complete ? "no node serves anything older" : "the wait was over, and nodes may serve what is older";
  std::string rest;
  for (const auto& node : outcome.nodes)
    if (!node.applied_after) rest += (rest.empty() ? "" : ", ") + node.name;
  const std::string_view why = outcome.was_waited_out ? "; waited out: "
                               : outcome.is_complete  ? "; gone meanwhile: "
                                                      : "; not seen to have applied it: ";
  if (!rest.empty()) text.append(why).append(rest);
  if (rest.empty() && outcome.was_waited_out) text += " (waited for one lease, since the registry is young)";
  return text;
}

}  // namespace edge::app
