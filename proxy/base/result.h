// Expected failures are values: Result<T> is a T or an Error, Status is nothing or an Error. Member names are those of
// std::expected.
#pragma once

#include <optional>
#include <utility>
#include <variant>

#include "base/check.h"
#include "base/error.h"

namespace edge {

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Failure failure) : state_(std::in_place_index<1>, std::move(failure.error)) {}

  explicit operator bool() const noexcept { return has_value(); }
  bool has_value() const noexcept { return state_.index() == 0; }

  // The value; a bug when there is none.
  const T& operator*() const& { return value(); }
  T& operator*() & { return value(); }
  T&& operator*() && { return std::move(value()); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }
  T& value() & {
    EDGE_CHECK(has_value());
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    EDGE_CHECK(has_value());
    return *std::get_if<0>(&state_);
  }

  // The error; a bug when there is a value.
  const Error& error() const& {
    EDGE_CHECK(!has_value());
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<T, Error> state_;
};

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Failure failure) : error_(std::move(failure.error)) {}

  explicit operator bool() const noexcept { return !error_; }
  bool has_value() const noexcept { return !error_; }
  const Error& error() const {
    EDGE_CHECK(error_);
    return *error_;
  }

 private:
  std::optional<Error> error_;
};

}  // namespace edge
