// Owning pointers for C libraries: using EventHandle = CHandle<event, event_free>.
#pragma once

#include <memory>

namespace edge {

template <auto free_fn>
struct FreeWith {
  void operator()(auto* handle) const noexcept { free_fn(handle); }
};

template <class T, auto free_fn>
using CHandle = std::unique_ptr<T, FreeWith<free_fn>>;

}  // namespace edge
