#include "base/pause_point.h"

#include <algorithm>
#include <vector>

namespace edge {
namespace {

// Of all points together: only tests come here.
std::mutex& points_mutex() {
  static std::mutex mutex;
  return mutex;
}
std::vector<HeldPoint*>& held_points() {
  static std::vector<HeldPoint*> points;
  return points;
}

}  // namespace

void stop_at_held_point(std::string_view name) {
  std::unique_lock lock(points_mutex());
  const auto& points = held_points();
  const auto found = std::find_if(points.begin(), points.end(), [&](const HeldPoint* point) {
    return point->name_ == name && point->state_ == HeldPoint::State::Open;
  });
  if (found == points.end()) return;
  HeldPoint& point = **found;
  point.state_ = HeldPoint::State::Caught;
  point.changed_.notify_all();
  point.changed_.wait(lock, [&] { return point.state_ == HeldPoint::State::Released; });
  point.state_ = HeldPoint::State::Left;
  point.changed_.notify_all();
}

HeldPoint::HeldPoint(std::string_view name) : name_(name) {
  const std::lock_guard lock(points_mutex());
  held_points().push_back(this);
  held_pause_points.fetch_add(1, std::memory_order_relaxed);
}

HeldPoint::~HeldPoint() {
  let_go();
  const std::lock_guard lock(points_mutex());
  std::erase(held_points(), this);
  held_pause_points.fetch_sub(1, std::memory_order_relaxed);
}

void HeldPoint::wait_for_arrival() {
  std::unique_lock lock(points_mutex());
  changed_.wait(lock, [&] { return state_ != State::Open; });
}

void HeldPoint::let_go() {
  std::unique_lock lock(points_mutex());
  if (state_ == State::Open) state_ = State::Left;
  if (state_ == State::Caught) state_ = State::Released;
  changed_.notify_all();
  changed_.wait(lock, [&] { return state_ == State::Left; });
}

}  // namespace edge
