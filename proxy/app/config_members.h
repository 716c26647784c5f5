// Members of Config by the path of member pointers that leads to them, for the rows of the table.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

#include "app/config_table.h"

namespace edge::app {

template <class List>
concept IsList = requires(List list) {
  list.resize(1);
};

// Whoever reads may ask for an item that is not there; whoever writes may not.
template <class Item>
const Item& item_of(const std::vector<Item>& list, Items items) {
  static const Item otherwise;
  return !items.empty() && items.front() < list.size() ? list[items.front()] : otherwise;
}
template <class Item>
Item& item_of(std::vector<Item>& list, Items items) {
  return list.at(items.front());
}

// The member at the end of a path of member pointers; each list on the way takes the next of the items.
template <auto first, auto... rest, class Object>
auto& follow(Object& object, Items items) {
  auto& next = object.*first;
  if constexpr (sizeof...(rest) == 0)
    return next;
  else if constexpr (IsList<std::remove_cvref_t<decltype(next)>>)
    return follow<rest...>(item_of(next, items), items.empty() ? items : items.subspan(1));
  else
    return follow<rest...>(next, items);
}

template <auto... path>
using MemberType = std::remove_reference_t<decltype(follow<path...>(std::declval<Config&>(), Items{}))>;

template <class T>
constexpr bool kIsDuration = false;
template <class Rep, class Period>
constexpr bool kIsDuration<std::chrono::duration<Rep, Period>> = true;

// Integers, enumerations and milliseconds, all as one kind of number.
template <auto... path>
constexpr Member<std::uint64_t> number{[](const Config& config, Items items) -> std::uint64_t {
                                         const auto& member = follow<path...>(config, items);
                                         if constexpr (kIsDuration<MemberType<path...>>)
                                           return static_cast<std::uint64_t>(member.count());
                                         else
                                           return static_cast<std::uint64_t>(member);
                                       },
                                       [](Config& config, Items items, std::uint64_t value) {
                                         using T = MemberType<path...>;
                                         if constexpr (kIsDuration<T>)
                                           follow<path...>(config, items) = T{static_cast<typename T::rep>(value)};
                                         else
                                           follow<path...>(config, items) = static_cast<T>(value);
                                       }};

// Strings, lists of strings and bools, as they are.
template <auto... path>
constexpr Member<MemberType<path...>> plain{
    [](const Config& config, Items items) { return follow<path...>(config, items); },
    [](Config& config, Items items, MemberType<path...> value) { follow<path...>(config, items) = std::move(value); }};

template <auto... path>
constexpr Member<std::size_t> size_of{
    [](const Config& config, Items items) { return follow<path...>(config, items).size(); },
    [](Config& config, Items items, std::size_t size) { follow<path...>(config, items).resize(size); }};

}  // namespace edge::app
