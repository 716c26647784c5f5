#include "verify/asker.h"

#include <algorithm>

#include "base/check.h"
#include "base/hash.h"
#include "base/log.h"

namespace edge::verify {

Asker::Asker(event::EventLoop& loop, const AskerOptions& options)
    : loop_(loop),
      options_(options),
      server_(origin::make_origin(loop, options.server, metrics_)),
      // Some may go at once: what is due at the same time is asked at nearly the same time.
      pace_(options.rate, options.rate / 5),
      next_(loop, [this] { launch(); }),
      start_(loop, [this] { launch(); }),
      tell_refused_(loop, [this] { tell_refused(); }) {}

Asker::~Asker() { EDGE_CHECK(waiting_[0].empty() && waiting_[1].empty() && refused_.empty()); }

std::unique_ptr<Question> Asker::ask(std::string target, Instant ask_by, Priority priority, OnAnswer on_answer) {
  std::unique_ptr<Question> question(new Question(*this, std::move(target), ask_by, std::move(on_answer)));
  auto& waiting = waiting_[static_cast<std::size_t>(priority)];
  if (waiting.size() < options_.queue_max) {
    waiting.push_back(question.get());
    start_.schedule();
  } else {
    refuse(*question);
  }
  return question;
}

void Asker::launch() {
  for (auto& waiting : waiting_) refuse_late(waiting);
  for (auto& waiting : waiting_) {
    while (!waiting.empty()) {
      if (!pace_.try_take(loop_.now())) return next_.arm(pace_.wait(loop_.now()));
      Question& first = *waiting.front();
      waiting.pop_front();
      first.launch();
    }
  }
}

// Where some at the front may still be asked, so may those behind them: near enough, for they came in their order.
void Asker::refuse_late(std::deque<Question*>& waiting) {
  while (!waiting.empty() && waiting.front()->ask_by_ < loop_.now()) {
    refuse(*waiting.front());
    waiting.pop_front();
  }
}

void Asker::refuse(Question& question) {
  refused_.push_back(&question);
  tell_refused_.schedule();
}

// What is told may take back other questions, or ask new ones; those wait for the next time.
void Asker::tell_refused() {
  for (std::size_t left = refused_.size(); left > 0 && !refused_.empty(); --left) {
    Question& question = *refused_.front();
    refused_.pop_front();
    question.end(not_asked());
  }
  if (!refused_.empty()) tell_refused_.schedule();
}

// Once when it stops answering and once when it answers again, for outcomes alone do not say why.
void Asker::note(const Question& question, const Answer& answer) {
  if (answer.kind == Answer::Kind::NotAsked || answer.is_usable() == is_answering_) return;
  is_answering_ = answer.is_usable();
  if (is_answering_) return log_info("verify.answers_again", options_.name);
  log_warning("verify.no_answer", options_.name + ", asked for " + question.target_ + ": " + answer.why);
}

void Asker::forget(Question& question) {
  for (auto& waiting : waiting_) std::erase(waiting, &question);
  std::erase(refused_, &question);
}

Question::Question(Asker& asker, std::string target, Instant ask_by, Asker::OnAnswer on_answer)
    : asker_(asker), target_(std::move(target)), ask_by_(ask_by), on_answer_(std::move(on_answer)) {}

Question::~Question() {
  if (!fetch_) asker_.forget(*this);
}

void Question::launch() {
  origin::FetchRequest request{.method = "GET", .target = target_};
  http::append_line(request.field_lines, "user-agent", asker_.options_.user_agent);
  http::append_line(request.field_lines, "accept", "*/*");
  fetch_ = asker_.server_->start(std::move(request), *this);
}

origin::BodyMode Question::on_head(const http::ResponseHead& head) {
  answer_ = read_answer(head, asker_.options_.version_header);
  return origin::BodyMode::Collect;
}

// It is read to its end, for the connection's sake, and told apart by its validators alone.
origin::BodyMode Question::on_collect_overflow() {
  is_body_kept_ = false;
  return origin::BodyMode::Stream;
}

void Question::on_end() {
  if (is_body_kept_) answer_.body_hash = keyed_hash(fetch_->take_body().view());
  end(std::move(answer_));
}

void Question::on_error(const origin::FetchError& error) { end(no_answer(error.detail)); }

// The last thing that is done with it: the callback may hand it to destroy_later.
void Question::end(Answer answer) {
  asker_.note(*this, answer);
  on_answer_(std::move(answer));
}

}  // namespace edge::verify
