// A Redis of the demo's own: a child process on a UNIX socket in a folder of its own, gone when the demo is.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "base/result.h"

namespace edge::app {

class PrivateRedis {
 public:
  // Starts redis-server from the PATH, without persistence, and waits until it answers, some seconds at most. Fails
  // with NotFound where there is no such program.
  static Result<std::unique_ptr<PrivateRedis>> start();
  ~PrivateRedis();
  PrivateRedis(const PrivateRedis&) = delete;
  PrivateRedis& operator=(const PrivateRedis&) = delete;

  const std::string& socket() const { return socket_; }

 private:
  explicit PrivateRedis(std::string folder) : folder_(std::move(folder)), socket_(folder_ + "/redis.sock") {}
  Status launch();
  Status wait_until_it_listens();

  const std::string folder_;
  const std::string socket_;
  pid_t process_ = -1;
};

}  // namespace edge::app
