#include "redis_link.h"

#include "answer.h"

namespace prove {
namespace {

timeval to_timeval(Duration duration) {
  return {std::chrono::duration_cast<std::chrono::seconds>(duration).count(),
          std::chrono::duration_cast<std::chrono::microseconds>(duration).count() % 1'000'000};
}

}  // namespace

RedisLink::Reply RedisLink::run(const Words& words) { return run_all({words}); }

RedisLink::Reply RedisLink::run_all(const std::vector<Words>& commands) {
  if (!connect()) return nullptr;
  for (const Words& words : commands) append(words);
  Reply reply;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    reply = await();
    if (!reply) return nullptr;
  }
  return reply;
}

bool RedisLink::send(const Words& words) {
  if (!connect()) return false;
  append(words);
  int is_done = 0;
  while (is_done == 0) {
    if (redisBufferWrite(context_.get(), &is_done) != REDIS_OK) return context_.reset(), false;
  }
  return true;
}

RedisLink::Reply RedisLink::await() {
  if (!context_) return nullptr;
  void* reply = nullptr;
  if (redisGetReply(context_.get(), &reply) != REDIS_OK) context_.reset();
  return Reply(static_cast<redisReply*>(reply));
}

bool RedisLink::connect() {
  if (context_) return true;
  context_.reset(redisConnectWithTimeout("127.0.0.1", port_, to_timeval(patience_)));
  if (context_ && (context_->err != 0 || redisSetTimeout(context_.get(), to_timeval(patience_)) != REDIS_OK))
    context_.reset();
  return context_ != nullptr;
}

void RedisLink::append(const Words& words) {
  std::vector<const char*> data;
  std::vector<std::size_t> sizes;
  for (const std::string& word : words) data.push_back(word.data()), sizes.push_back(word.size());
  redisAppendCommandArgv(context_.get(), static_cast<int>(words.size()), data.data(), sizes.data());
}

std::optional<EntryId> parse_id(const std::string& text) {
  const auto dash = text.find('-');
  if (dash == std::string::npos) return std::nullopt;
  const auto time = parse_number(std::string_view(text).substr(0, dash));
  const auto sequence = parse_number(std::string_view(text).substr(dash + 1));
  if (!time || !sequence) return std::nullopt;
  return EntryId{*time, *sequence};
}

std::string to_string(const EntryId& id) { return std::to_string(id.time) + "-" + std::to_string(id.sequence); }

std::optional<EntryId> id_of(const RedisLink::Reply& reply) {
  if (!reply || (reply->type != REDIS_REPLY_STRING && reply->type != REDIS_REPLY_STATUS)) return std::nullopt;
  return parse_id(std::string(reply->str, reply->len));
}

}  // namespace prove
