#include "base/process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/check.h"

namespace edge {
namespace {

constexpr int kFirst = 3;  // After the standard streams.

std::vector<std::string> environment_with(const std::vector<std::string>& variables) {
  std::vector<std::string> all = variables;
  const auto names_same = [](const std::string& one, std::string_view other) {
    return other.starts_with(std::string_view(one).substr(0, one.find('=') + 1));
  };
  for (char** variable = environ; *variable; ++variable)
    if (std::ranges::none_of(variables, [&](const std::string& mine) { return names_same(mine, *variable); }))
      all.emplace_back(*variable);
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

// Copies above all places that the child's are to have, so that none is overwritten before its turn.
class HighCopies {
 public:
  explicit HighCopies(std::span<const int> descriptors) {
    const int above = kFirst + static_cast<int>(descriptors.size());
    for (const int fd : descriptors) copies_.push_back(fcntl(fd, F_DUPFD_CLOEXEC, above));
  }
  ~HighCopies() {
    for (const int fd : copies_)
      if (fd >= 0) close(fd);
  }
  HighCopies(const HighCopies&) = delete;
  HighCopies& operator=(const HighCopies&) = delete;

  const std::vector<int>& all() const { return copies_; }
  bool are_whole() const {
    return std::ranges::none_of(copies_, [](int fd) { return fd < 0; });
  }

 private:
  std::vector<int> copies_;
};

}  // namespace

Result<pid_t> spawn(const Invocation& invocation, const std::vector<std::string>& variables,
                    std::span<const int> descriptors) {
  const HighCopies copies(descriptors);
  if (!copies.are_whole()) return fail(ErrorCode::System, "no descriptors are left for a child");

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  EDGE_CHECK(posix_spawn_file_actions_init(&actions) == 0 && posix_spawnattr_init(&attributes) == 0);
  int place = kFirst;
  for (const int fd : copies.all()) posix_spawn_file_actions_adddup2(&actions, fd, place++);
  // Whatever this thread blocks is not the child's business.
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);

  std::vector<std::string> words{invocation.program};
  words.insert(words.end(), invocation.arguments.begin(), invocation.arguments.end());
  std::vector<std::string> environment = environment_with(variables);
  pid_t child = -1;
  const int error = posix_spawnp(&child, invocation.program.c_str(), &actions, &attributes, pointers(words).data(),
                                 pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) return fail(ErrorCode::System, invocation.program + " cannot be run: " + std::strerror(error));
  return child;
}

void end_child(pid_t child) noexcept {
  kill(child, SIGKILL);
  while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace edge
