// Bugs stop the process. EDGE_CHECK stays in release builds; it is for what our own code has promised, never for
// what a client, the origin, Redis or the disk can cause.
#pragma once

namespace edge {

[[noreturn]] void check_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace edge

#define EDGE_CHECK(condition)                                               \
  (__builtin_expect(static_cast<bool>(condition), 1) ? static_cast<void>(0) \
                                                     : ::edge::check_failed(#condition, __FILE__, __LINE__))
