#include "app/private_redis.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <thread>

namespace edge::app {
namespace {

constexpr std::chrono::seconds kPatience{5};
constexpr std::chrono::milliseconds kLook{5};

// The socket is there a moment before it listens.
bool listens(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.copy(address.sun_path, sizeof address.sun_path - 1) < path.size()) return false;
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool is_there = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return is_there;
}

std::string words_of(int error_number) { return std::generic_category().message(error_number); }

// In the child. Between fork and exec only what is safe after a fork of several threads.
[[noreturn]] void become_redis(const char* folder, const char* socket, int failure) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // It must not outlive the demo, however that ends.
  const int nothing = ::open("/dev/null", O_RDWR);
  for (int fd = 0; fd <= 2; ++fd) ::dup2(nothing, fd);
  // A Ctrl-C is for the demo, which ends it when nobody needs it any more.
  ::setpgid(0, 0);
  ::execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", socket, "--unixsocketperm", "700", "--save",
           "", "--appendonly", "no", "--dir", folder, "--daemonize", "no", static_cast<char*>(nullptr));
  const int why = errno;
  [[maybe_unused]] const ssize_t written = ::write(failure, &why, sizeof why);
  ::_exit(127);
}

}  // namespace

Result<std::unique_ptr<PrivateRedis>> PrivateRedis::start() {
  std::error_code ignored;
  std::string folder = std::filesystem::temp_directory_path(ignored).string() + "/avatar-edge-demo.XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr)
    return fail(ErrorCode::System, "cannot make a folder such as " + folder + ": " + words_of(errno));
  std::unique_ptr<PrivateRedis> redis(new PrivateRedis(folder));
  if (const Status launched = redis->launch(); !launched) return Failure{launched.error()};
  if (const Status listens = redis->wait_until_it_listens(); !listens) return Failure{listens.error()};
  return redis;
}

PrivateRedis::~PrivateRedis() {
  if (process_ > 0) {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

Status PrivateRedis::launch() {
  std::array<int, 2> failure{};  // Closed by a successful exec, else it bears why that failed.
  if (::pipe2(failure.data(), O_CLOEXEC) != 0) return fail(ErrorCode::System, "no pipe: " + words_of(errno));
  process_ = ::fork();
  if (process_ == 0) become_redis(folder_.c_str(), socket_.c_str(), failure[1]);
  const int fork_error = errno;
  ::close(failure[1]);
  int why = process_ < 0 ? fork_error : 0;
  if (process_ > 0 && ::read(failure[0], &why, sizeof why) != sizeof why) why = 0;
  ::close(failure[0]);
  if (why == ENOENT) return fail(ErrorCode::NotFound, "there is no redis-server here");
  if (why != 0) return fail(ErrorCode::System, "cannot start redis-server: " + words_of(why));
  return {};
}

Status PrivateRedis::wait_until_it_listens() {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!listens(socket_)) {
    if (::waitpid(process_, nullptr, WNOHANG) == process_) {
      process_ = -1;
      return fail(ErrorCode::System, "redis-server ended at its start");
    }
    if (std::chrono::steady_clock::now() > deadline) return fail(ErrorCode::TimedOut, "redis-server does not listen");
    std::this_thread::sleep_for(kLook);
  }
  return {};
}

}  // namespace edge::app
