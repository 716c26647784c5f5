// Which of the origin's URLs is asked next.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/clock.h"
#include "origin/origin_url.h"

namespace edge::origin {

using OriginUrlRef = std::shared_ptr<const OriginUrl>;

// Round robin over the URLs that are not ejected. A URL that could not be connected to is ejected for a while, so that
// the others carry the load meanwhile. Where all of them are ejected, the one that failed longest ago is tried all the
// same: an origin that has just come back is found at once, a site with one URL never refuses by itself because of one
// lost connection, and a refused connection costs less than a wrong guess. Owned by its Origin; loop's thread only.
class Balancer {
 public:
  explicit Balancer(std::vector<OriginUrlRef> urls);

  // Leaves out those in `tried`; null when that leaves none.
  OriginUrlRef find_next(Instant now, std::span<const OriginUrlRef> tried);
  // Does nothing for a URL that is not (or no longer) among ours.
  void eject(const OriginUrlRef& url, Instant now, std::chrono::milliseconds duration);
  // A connection was made, so whatever was wrong is over.
  void readmit(const OriginUrlRef& url);
  std::size_t size() const noexcept { return targets_.size(); }

 private:
  struct Target {
    OriginUrlRef url;
    Instant failed_at{};
    Instant ejected_until{};
  };

  Target* find(const OriginUrlRef& url);

  std::vector<Target> targets_;
  std::size_t next_ = 0;
};

}  // namespace edge::origin
