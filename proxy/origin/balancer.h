// Which of the origin's URLs is asked next.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/clock.h"
#include "metrics/worker_metrics.h"
#include "origin/origin_url.h"
#include "origin/verdict.h"

namespace edge::origin {

using OriginUrlRef = std::shared_ptr<const OriginUrl>;

struct BalancerOptions {
  std::chrono::milliseconds eject{1'000};  // The first ejection of a URL; doubled by each that follows. 0: none is.
  std::chrono::milliseconds eject_max{30'000};  // The longest. Not less than `eject`.
  std::uint32_t failures_max = 5;               // In a row, which eject a URL; 0: only a failed connection does.
  std::uint32_t ejected_percent_max = 50;       // Of all URLs, which may be out for failures.
  std::chrono::milliseconds slow_start{0};      // After its return a URL's weight grows to the whole for so long.
};

// By turns, as often as their weights say and evenly mixed, over the URLs that are not ejected. A URL that could not be
// connected to is ejected for a while, so that the others carry the load meanwhile; so is one that has failed several
// times in a row. When its time is over, one fetch at a time tries it, and its answer readmits it, or else its failure
// ejects it for longer; answers and failures of what was asked before the ejection do neither. So a URL that swallows
// what it is sent costs one fetch a try and not a share of all.
//
// Where all of them are ejected, the one that failed longest ago is tried all the same: an origin that has just come
// back is found at once, a site with one URL never refuses by itself because of one lost connection, and a refused
// connection costs less than a wrong guess. Failures other than those of connections may be the doing of what is asked,
// or of something behind all URLs, so they never eject more than a share, and never the last: those that are left would
// get all of the load for the same answers. (Whether the origin as a whole is asked at all is not decided here.)
//
// Checks from outside (HealthChecker) and what requests meet are two witnesses, and either may leave a URL out:
//
// - One that is unhealthy by checks is asked when no other is left: no request tries whether it is back, for the checks
//   find out. Where all are unhealthy they are asked as if all were healthy, since the checks are then more likely to
//   be wrong than every URL; nobody is refused for what checks say.
// - Good checks do not readmit what requests have ejected: what is checked may be well while pictures fail. But when
//   checks find that a URL has become healthy again, the trouble that they saw is over, and an ejection with it.
// - The share that may be ejected for failures counts the unhealthy ones as out.
//
// Owned by its Origin; loop's thread only.
class Balancer {
 public:
  // `weights` are those of the URLs, by position, at least 1; 1 where there is none. `metrics` outlives it.
  Balancer(std::vector<OriginUrlRef> urls, std::span<const std::uint32_t> weights, const BalancerOptions& options,
           metrics::WorkerMetrics& metrics);
  ~Balancer();
  Balancer(const Balancer&) = delete;
  Balancer& operator=(const Balancer&) = delete;

  // Leaves out those in `tried`; null when that leaves none.
  OriginUrlRef find_next(Instant now, std::span<const OriginUrlRef> tried);
  // Whether any but those in `tried` may be asked without leaving nothing better untried.
  bool has_well(Instant now, std::span<const OriginUrlRef> tried) const;
  bool is_ejected(const OriginUrlRef& url) const;
  // What became of an attempt that began at that time. Does nothing for a URL that is not (or no longer) among ours.
  void note(const OriginUrlRef& url, Verdict verdict, Instant begun_at, Instant now);
  // What checks say: these are unhealthy, all others are healthy.
  void set_unhealthy(std::span<const OriginUrl> urls, Instant now);
  // What is known of URLs that stay is kept.
  void reload(std::vector<OriginUrlRef> urls, std::span<const std::uint32_t> weights, const BalancerOptions& options);
  std::size_t size() const noexcept { return targets_.size(); }

 private:
  struct Target {
    OriginUrlRef url;
    std::uint32_t weight = 1;
    std::int64_t credit = 0;      // What it has been given of turns and not used.
    bool is_unhealthy = false;    // By checks.
    bool is_starting = false;     // Readmitted less than slow_start ago.
    std::uint32_t failures = 0;   // In a row.
    std::uint32_t ejections = 0;  // In a row: without having been well for eject_max in between.
    bool is_ejected = false;      // Until it has answered.
    bool is_being_tried = false;  // While ejected: its time was over, and somebody asks it.
    Instant ejected_at{};         // Last. What began before it says nothing new.
    Instant ejected_until{};      // While ejected: from when on it is tried.
    Instant readmitted_at{};
    Instant failed_at{};
  };

  OriginUrlRef find_among(bool is_unhealthy, Instant now, std::span<const OriginUrlRef> tried);
  Target* find(const OriginUrlRef& url);
  void note_failure(Target& target, metrics::EjectionCause cause, Instant now);
  bool may_eject(const Target& target, metrics::EjectionCause cause) const;
  void eject(Target& target, metrics::EjectionCause cause, Instant now);
  void readmit(Target& target, Instant now);
  void begin_slowly(Target& target, Instant now);
  std::int64_t share(Target& target, Instant now) const;

  BalancerOptions options_;
  metrics::WorkerMetrics& metrics_;
  std::vector<Target> targets_;
};

}  // namespace edge::origin
