#include "app/terminal.h"

#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <string>

namespace edge::app {
namespace {

constexpr std::string_view kEnter = "\x1b[?1049h\x1b[?25l";  // Another screen, no cursor.
constexpr std::string_view kLeave = "\x1b[?25h\x1b[?1049l";
constexpr std::string_view kHome = "\x1b[H";
constexpr std::string_view kEraseLine = "\x1b[K";
constexpr std::string_view kEraseBelow = "\x1b[J";
constexpr std::array<int, 3> kEndSignals{SIGINT, SIGTERM, SIGHUP};

volatile std::sig_atomic_t end_wished = 0;

void on_signal(int) { end_wished = 1; }

// Who reads nothing any more wishes it to end.
void write_out(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  if (std::fflush(stdout) != 0) end_wished = 1;
}

}  // namespace

Terminal::Terminal() : draws_(isatty(STDOUT_FILENO) == 1) {
  end_wished = 0;
  for (const int number : kEndSignals) std::signal(number, on_signal);
  termios now{};
  if (draws_ && tcgetattr(STDIN_FILENO, &now) == 0) {
    before_ = std::make_unique<termios>(now);
    now.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    now.c_cc[VSUSP] = _POSIX_VDISABLE;  // A shell would have a terminal in this state.
    tcsetattr(STDIN_FILENO, TCSANOW, &now);
  }
  if (draws_) write_out(kEnter);
}

Terminal::~Terminal() {
  if (draws_) write_out(kLeave);
  if (before_) tcsetattr(STDIN_FILENO, TCSANOW, before_.get());
  for (const int number : kEndSignals) std::signal(number, SIG_DFL);
}

// Line by line over what is there, so that nothing flickers.
void Terminal::draw(std::string_view text) {
  if (!draws_) return write_out(std::string(text).append("\n"));
  std::string drawn(kHome);
  for (const char c : text) {
    if (c == '\n') drawn += kEraseLine;
    drawn += c;
  }
  write_out(drawn.append(kEraseBelow));
}

bool Terminal::wait(std::chrono::milliseconds time) {
  const auto until = std::chrono::steady_clock::now() + time;
  while (end_wished == 0) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    // A signal that comes just before poll is seen when this is over, which is soon enough.
    constexpr std::chrono::milliseconds kLook{200};
    pollfd keys{before_ ? STDIN_FILENO : -1, POLLIN, 0};
    const int ready = poll(&keys, 1, static_cast<int>(std::min(left, kLook).count()));
    if (ready > 0 && take_key()) return true;
  }
  return true;
}

bool Terminal::take_key() {
  char key = 0;
  const ssize_t taken = read(STDIN_FILENO, &key, 1);
  // Who has no terminal any more sees nothing either.
  return taken == 0 || (taken < 0 && errno != EINTR) || key == 'q';
}

}  // namespace edge::app
