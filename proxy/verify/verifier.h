// A run of `avatar-edge verify`: the feed is heard, changes are sampled, edges and origin asked, and the rest counted.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "event/event_loop.h"
#include "event/signal_watch.h"
#include "event/timer.h"
#include "verify/asker.h"
#include "verify/feed_follower.h"
#include "verify/inquiry.h"
#include "verify/memory.h"
#include "verify/metrics_page.h"
#include "verify/plan.h"
#include "verify/resume_file.h"
#include "verify/sampler.h"
#include "verify/scene.h"
#include "verify/tally.h"
#include "verify/verify_options.h"

namespace edge::verify {

// On one thread. `version`: of the program, for metrics.
class Verifier final : private InquiryOwner {
 public:
  Verifier(VerifyOptions options, std::string version, const Clock& clock, std::uint64_t seed);
  ~Verifier();
  Verifier(const Verifier&) = delete;
  Verifier& operator=(const Verifier&) = delete;

  // Reads the resume file and listens for scrapes. Fails where either cannot be done.
  Status prepare();
  // Runs until its time is over or SIGINT or SIGTERM comes; answers that are awaited then are still awaited, and a
  // second signal ends that as well. Fails where the feed was never heard.
  Status run();

  // In this run.
  std::uint64_t inconsistent() const { return tally_.inconsistent_now(); }

 private:
  void on_entries(std::span<const FeedEntry> entries);
  void on_caught_up(Instant as_of);
  void take_up(const FeedEntry& entry);
  void begin_due();
  void arm_due();

  void on_first(const Inquiry& inquiry, const Answer& answer) override;
  void on_outcome(std::size_t site, std::size_t scale, Outcome outcome) override;
  void on_accused(const Inquiry& inquiry, const Check& check) override;
  void on_inquiry_done(std::uint64_t number) override;

  void on_signal();
  void start_end();
  void end_if_idle();
  void report();
  void save();
  std::string exposition() const;

  const VerifyOptions options_;
  const std::string version_;
  event::EventLoop loop_;
  Tally tally_;
  Plan plan_;
  Sampler sampler_;
  Memory memory_;

  std::unique_ptr<Asker> origin_;
  std::vector<std::unique_ptr<Asker>> sites_;
  Scene scene_;
  std::map<std::uint64_t, std::unique_ptr<Inquiry>> inquiries_;      // By number; after whom they ask.
  std::unordered_map<std::string, std::uint64_t> newest_of_avatar_;  // Of those under way.
  std::uint64_t next_number_ = 1;

  std::unique_ptr<FeedFollower> feed_;
  MetricsPage metrics_page_;
  event::Timer due_;
  event::Timer report_due_;
  event::Timer save_due_;
  event::Timer end_due_;
  bool is_ending_ = false;
  std::vector<std::unique_ptr<event::SignalWatch>> signals_;
};

}  // namespace edge::verify
