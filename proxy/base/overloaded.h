// Overloaded{lambdas...} for std::visit.
#pragma once

namespace edge {

template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

}  // namespace edge
