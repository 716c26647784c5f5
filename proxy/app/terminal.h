// The terminal, while a command has all of it.
#pragma once

#include <chrono>
#include <memory>
#include <string_view>

struct termios;

namespace edge::app {

// From its making to its end the terminal shows what this draws, and keys come as they are pressed; SIGINT, SIGTERM and
// SIGHUP, the key q, and an output that nobody reads, are the wish to end. When it ends the terminal is as it was. One
// at a time; without a terminal at standard input there are no keys, without one at standard output drawing is writing.
class Terminal {
 public:
  Terminal();
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  // In the place of what is there. Lines with newlines.
  void draw(std::string_view text);
  // True when somebody wishes to end, else after so long.
  bool wait(std::chrono::milliseconds time);

 private:
  bool take_key();

  const bool draws_;
  std::unique_ptr<termios> before_;  // Of standard input; null: it is no terminal.
};

}  // namespace edge::app
