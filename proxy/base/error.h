// What went wrong, as a value. The code says what the caller can do about it, not which library spoke.
#pragma once

#include <string>
#include <utility>

namespace edge {

enum class ErrorCode {
  Malformed,    // The input is wrong; the same input will never be right.
  TooLarge,     // A limit was reached.
  NotFound,     // What was named does not exist.
  Unavailable,  // Not now; later it may work.
  TimedOut,     // A deadline passed.
  Cancelled,    // We gave up ourselves.
  System,       // The operating system refused; the message has its words.
};

struct Error {
  ErrorCode code;
  std::string message;  // A phrase for an operator, without a full stop.
};

// What `fail` gives; converts to any Result<T> and to Status.
struct Failure {
  Error error;
};

inline Failure fail(ErrorCode code, std::string message) { return Failure{Error{code, std::move(message)}}; }

}  // namespace edge
