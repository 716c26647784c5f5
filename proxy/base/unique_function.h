// A callable that is moved, never copied, so it may own what it captures. Small callables (48 bytes) live inside;
// larger ones are allocated.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "base/check.h"

namespace edge {

template <class Signature>
class UniqueFunction;

template <class R, class... Args>
class UniqueFunction<R(Args...)> {
 public:
  UniqueFunction() = default;
  UniqueFunction(std::nullptr_t) {}

  template <class F>
  requires(!std::is_same_v<std::decay_t<F>, UniqueFunction> && std::is_invocable_r_v<R, std::decay_t<F>&, Args...>)
      UniqueFunction(F&& function) {
    using Function = std::decay_t<F>;
    if constexpr (fits<Function>()) {
      new (storage_) Function(std::forward<F>(function));
      operations_ = &kInside<Function>;
    } else {
      new (storage_) Function*(new Function(std::forward<F>(function)));
      operations_ = &kOutside<Function>;
    }
  }

  UniqueFunction(UniqueFunction&& other) noexcept { take(other); }
  UniqueFunction& operator=(UniqueFunction&& other) noexcept {
    if (this != &other) {
      reset();
      take(other);
    }
    return *this;
  }
  ~UniqueFunction() { reset(); }

  explicit operator bool() const noexcept { return operations_ != nullptr; }

  R operator()(Args... args) {
    EDGE_CHECK(operations_ != nullptr);
    return operations_->call(storage_, std::forward<Args>(args)...);
  }

 private:
  static constexpr std::size_t kInsideBytes = 48;

  struct Operations {
    R (*call)(void* storage, Args&&... args);
    void (*move)(void* from, void* to) noexcept;
    void (*destroy)(void* storage) noexcept;
  };

  template <class F>
  static constexpr bool fits() {
    return sizeof(F) <= kInsideBytes && alignof(F) <= alignof(std::max_align_t) &&
           std::is_nothrow_move_constructible_v<F>;
  }

  template <class F>
  static F& inside(void* storage) {
    return *std::launder(static_cast<F*>(storage));
  }
  template <class F>
  static F*& outside(void* storage) {
    return *std::launder(static_cast<F**>(storage));
  }

  template <class F>
  static constexpr Operations kInside{
      [](void* storage, Args&&... args) -> R { return inside<F>(storage)(std::forward<Args>(args)...); },
      [](void* from, void* to) noexcept {
        new (to) F(std::move(inside<F>(from)));
        inside<F>(from).~F();
      },
      [](void* storage) noexcept { inside<F>(storage).~F(); }};
  template <class F>
  static constexpr Operations kOutside{
      [](void* storage, Args&&... args) -> R { return (*outside<F>(storage))(std::forward<Args>(args)...); },
      [](void* from, void* to) noexcept { new (to) F*(outside<F>(from)); },
      [](void* storage) noexcept { delete outside<F>(storage); }};

  void take(UniqueFunction& other) noexcept {
    operations_ = std::exchange(other.operations_, nullptr);
    if (operations_) operations_->move(other.storage_, storage_);
  }
  void reset() noexcept {
    if (const Operations* operations = std::exchange(operations_, nullptr)) operations->destroy(storage_);
  }

  alignas(std::max_align_t) std::byte storage_[kInsideBytes];
  const Operations* operations_ = nullptr;
};

}  // namespace edge
