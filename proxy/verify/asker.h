// Asks one server, an edge or the origin, what it has of a URL: no faster than a rate, no more at once than a limit,
// and nobody waits for ever. GET alone.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "event/deferred.h"
#include "event/event_loop.h"
#include "event/timer.h"
#include "metrics/worker_metrics.h"
#include "origin/origin.h"
#include "verify/answer.h"
#include "verify/pace.h"

namespace edge::verify {

struct AskerOptions {
  std::string name;  // For the log.
  origin::OriginOptions server;
  std::string version_header;
  std::string user_agent;
  double rate = 50;                 // Requests a second.
  std::uint32_t queue_max = 1'000;  // Questions of either priority that wait for the rate.
};

// What is for a certain time goes before what only confirms: else one edge that is wrong all the time would keep us
// from asking the others, and the origin, in time.
enum class Priority { Timely, Confirming };

class Question;

// Owned by the run; outlives its questions. Loop's thread only.
class Asker {
 public:
  using OnAnswer = UniqueFunction<void(Answer)>;

  Asker(event::EventLoop& loop, const AskerOptions& options);
  ~Asker();
  Asker(const Asker&) = delete;
  Asker& operator=(const Asker&) = delete;

  // The answer comes in a later turn. Asked no later than `ask_by`; where that cannot be, the answer is not_asked().
  [[nodiscard]] std::unique_ptr<Question> ask(std::string target, Instant ask_by, Priority priority,
                                              OnAnswer on_answer);

 private:
  friend class Question;

  void launch();
  void refuse(Question& question);
  void refuse_late(std::deque<Question*>& waiting);
  void note(const Question& question, const Answer& answer);
  void forget(Question& question);
  void tell_refused();

  event::EventLoop& loop_;
  const AskerOptions options_;
  metrics::WorkerMetrics metrics_;
  std::unique_ptr<origin::Origin> server_;
  Pace pace_;
  bool is_answering_ = true;                      // As far as the log knows.
  std::array<std::deque<Question*>, 2> waiting_;  // For the rate, by priority, in the order in which they came.
  std::deque<Question*> refused_;
  event::Timer next_;
  event::Deferred start_;
  event::Deferred tell_refused_;
};

// In flight while it lives; destroying it takes the question back.
class Question final : private origin::FetchObserver {
 public:
  ~Question();

 private:
  friend class Asker;

  Question(Asker& asker, std::string target, Instant ask_by, Asker::OnAnswer on_answer);
  void launch();
  void end(Answer answer);

  origin::BodyMode on_head(const http::ResponseHead& head) override;
  void on_body(std::string_view) override {}
  origin::BodyMode on_collect_overflow() override;
  void on_end() override;
  void on_error(const origin::FetchError& error) override;

  Asker& asker_;
  const std::string target_;
  const Instant ask_by_;
  Asker::OnAnswer on_answer_;
  Answer answer_;
  bool is_body_kept_ = true;
  std::unique_ptr<origin::Fetch> fetch_;
};

}  // namespace edge::verify
