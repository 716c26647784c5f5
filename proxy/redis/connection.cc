#include "redis/connection.h"

#include <hiredis/async.h>

#include <algorithm>

#include "base/check.h"

namespace edge::redis {
namespace {

Reply to_reply(const redisReply& raw) {
  Reply reply;
  switch (raw.type) {
    case REDIS_REPLY_INTEGER:
      reply.kind = Reply::Kind::Integer;
      reply.integer = raw.integer;
      break;
    case REDIS_REPLY_STATUS:
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_ERROR:
      reply.kind = raw.type == REDIS_REPLY_ERROR ? Reply::Kind::Error : Reply::Kind::Text;
      reply.text.assign(raw.str, static_cast<std::size_t>(raw.len));
      break;
    case REDIS_REPLY_ARRAY:
      reply.kind = Reply::Kind::Array;
      reply.items.reserve(raw.elements);
      for (std::size_t i = 0; i < raw.elements; ++i) reply.items.push_back(to_reply(*raw.element[i]));
      break;
    default:
      break;
  }
  return reply;
}

}  // namespace

// What hiredis calls. All of it takes notes.
struct Connection::Hooks {
  static Connection& of(void* self) noexcept { return *static_cast<Connection*>(self); }
  static void add_read(void* self) noexcept { of(self).read_watch_->arm(); }
  static void delete_read(void* self) noexcept { of(self).read_watch_->disarm(); }
  static void add_write(void* self) noexcept { of(self).write_watch_->arm(); }
  static void delete_write(void* self) noexcept { of(self).write_watch_->disarm(); }
  // The library is about to close the descriptor and to free the context.
  static void cleanup(void* self) noexcept {
    of(self).read_watch_->disarm();
    of(self).write_watch_->disarm();
    of(self).context_ = nullptr;
  }
  static void connected(const redisAsyncContext* context, int status) noexcept {
    Connection& self = of(context->data);
    if (status == REDIS_OK) {
      self.greet();
    } else {
      self.note_end(context->errstr);
    }
  }
  static void disconnected(const redisAsyncContext* context, int status) noexcept {
    of(context->data).note_end(status == REDIS_OK ? "closed" : context->errstr);
  }
  static void replied(redisAsyncContext* context, void* raw, void*) noexcept {
    Connection& self = of(context->data);
    // Without a reply the connection is ending; note_end() answers for all.
    if (raw == nullptr || self.answered_ == self.asked_.size()) return;
    self.asked_[self.answered_++].answer.emplace(to_reply(*static_cast<redisReply*>(raw)));
    self.tell_.schedule();
  }
};

Connection::Connection(event::EventLoop& loop, const RedisUrl& url, std::chrono::milliseconds connect_timeout,
                       OnState on_state)
    : loop_(loop),
      url_(url),
      connect_deadline_(loop.now() + connect_timeout),
      on_state_(std::move(on_state)),
      deadline_(loop, [this] { on_deadline(); }),
      tell_(loop, [this] { tell(); }) {
  open(url);
  update_deadline();
}

Connection::~Connection() {
  state_ = State::Closed;
  if (context_) redisAsyncFree(context_);
}

void Connection::open(const RedisUrl& url) {
  redisAsyncContext* const context =
      url.host.empty() ? redisAsyncConnectUnix(url.unix_path.c_str()) : redisAsyncConnect(url.host.c_str(), url.port);
  if (context == nullptr) return note_end("no memory");
  if (context->err != 0) {
    note_end(context->errstr);
    redisAsyncFree(context);
    return;
  }
  context_ = context;
  context->data = this;
  read_watch_ = std::make_unique<event::Watch>(loop_, context->c.fd, event::Watch::Readable, [this] {
    if (context_) redisAsyncHandleRead(context_);
  });
  write_watch_ = std::make_unique<event::Watch>(loop_, context->c.fd, event::Watch::Writable, [this] {
    if (context_) redisAsyncHandleWrite(context_);
  });
  context->ev.data = this;
  context->ev.addRead = Hooks::add_read;
  context->ev.delRead = Hooks::delete_read;
  context->ev.addWrite = Hooks::add_write;
  context->ev.delWrite = Hooks::delete_write;
  context->ev.cleanup = Hooks::cleanup;
  redisAsyncSetConnectCallback(context, Hooks::connected);
  redisAsyncSetDisconnectCallback(context, Hooks::disconnected);
}

// AUTH and SELECT where the URL asks for them, and a PING, so that a Redis that refuses or hangs is known at once.
void Connection::greet() {
  state_ = State::Greeting;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(connect_deadline_ - loop_.now());
  const auto ask = [&](const std::vector<std::string_view>& words) {
    ++greetings_left_;
    send(words, left, [this](Result<Reply> reply) { on_greeted(reply); });
  };
  if (!url_.user.empty()) {
    ask({"AUTH", url_.user, url_.password});
  } else if (!url_.password.empty()) {
    ask({"AUTH", url_.password});
  }
  const std::string database = std::to_string(url_.database);
  if (url_.database != 0) ask({"SELECT", database});
  ask({"PING"});
}

void Connection::on_greeted(const Result<Reply>& reply) {
  if (!reply || state_ != State::Greeting) return;
  if (reply->is_error()) return close(reply->text);
  if (--greetings_left_ > 0) return;
  state_ = State::Ready;
  if (!was_told_ready_) {
    was_told_ready_ = true;
    on_state_(Status{});
  }
}

void Connection::command(const std::vector<std::string_view>& words, std::chrono::milliseconds timeout,
                         OnReply on_reply) {
  EDGE_CHECK(was_told_ready_);
  send(words, timeout, std::move(on_reply));
}

void Connection::send(const std::vector<std::string_view>& words, std::chrono::milliseconds timeout, OnReply on_reply) {
  asked_.push_back({std::move(on_reply), loop_.now() + timeout, std::nullopt});
  if (context_ == nullptr) {
    tell_.schedule();
    return;
  }
  std::vector<const char*> texts;
  std::vector<std::size_t> lengths;
  for (const std::string_view word : words) {
    texts.push_back(word.data());
    lengths.push_back(word.size());
  }
  if (redisAsyncCommandArgv(context_, Hooks::replied, nullptr, static_cast<int>(texts.size()), texts.data(),
                            lengths.data()) != REDIS_OK)
    note_end("the library refused a command");
  update_deadline();
}

void Connection::close(std::string why) {
  if (state_ == State::Closing || state_ == State::Closed) return;
  note_end(std::move(why));
  if (context_) redisAsyncFree(std::exchange(context_, nullptr));
}

void Connection::note_end(std::string why) {
  if (state_ == State::Closing || state_ == State::Closed) return;
  state_ = State::Closing;
  why_ended_ = std::move(why);
  tell_.schedule();
}

// What has been noted, told in its order.
void Connection::tell() {
  while (answered_ > 0) {
    Asked asked = std::move(asked_.front());
    asked_.pop_front();
    --answered_;
    asked.on_reply(std::move(*asked.answer));
  }
  if (state_ != State::Closing && state_ != State::Closed) return update_deadline();
  const bool has_just_ended = state_ == State::Closing;
  state_ = State::Closed;
  deadline_.disarm();
  while (!asked_.empty()) {
    Asked asked = std::move(asked_.front());
    asked_.pop_front();
    asked.on_reply(fail(ErrorCode::Unavailable, url_.place() + ": " + why_ended_));
  }
  if (has_just_ended) on_state_(fail(ErrorCode::Unavailable, url_.place() + ": " + why_ended_));
}

void Connection::update_deadline() {
  if (state_ == State::Closing || state_ == State::Closed) return;
  Instant earliest = was_told_ready_ ? Instant::max() : connect_deadline_;
  for (std::size_t i = answered_; i < asked_.size(); ++i) earliest = std::min(earliest, asked_[i].deadline);
  if (earliest == Instant::max()) return deadline_.disarm();
  deadline_.arm(std::chrono::ceil<std::chrono::milliseconds>(earliest - loop_.now()));
}

void Connection::on_deadline() {
  if (!was_told_ready_) return close("no connection in time");
  close("no answer in time");
}

}  // namespace edge::redis
