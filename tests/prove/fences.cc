#include "fences.h"

#include <nlohmann/json.hpp>

#include "http_link.h"

namespace prove {

void Fences::add(std::uint64_t life, const EntryId& id, std::size_t avatar, std::uint64_t version) {
  std::lock_guard lock(mutex_);
  if (life != life_) return;
  for (auto& waiting : waiting_) waiting.push({id, avatar, version});
}

void Fences::applied(std::size_t node, const EntryId& position) {
  std::lock_guard lock(mutex_);
  auto& waiting = waiting_[node];
  for (; !waiting.empty() && waiting.top().id <= position; waiting.pop()) {
    truth_.fenced(node, waiting.top().avatar, waiting.top().version);
    ++reached_;
  }
}

void Fences::begin_life() {
  std::lock_guard lock(mutex_);
  ++life_;
  for (auto& waiting : waiting_) waiting = {};
}

Positions::Positions(Fences& fences, const std::vector<std::uint16_t>& admin_ports) : fences_(fences) {
  for (std::size_t node = 0; node < admin_ports.size(); ++node)
    threads_.emplace_back([this, node, port = admin_ports[node]] { watch(node, port); });
}

Positions::~Positions() {
  is_ending_ = true;
  for (std::thread& thread : threads_) thread.join();
}

void Positions::watch(std::size_t node, std::uint16_t port) {
  HttpLink link(port, std::chrono::seconds(1));
  while (!is_ending_) {
    const Answer* answer = link.ask("GET", "/status");
    if (answer != nullptr && answer->status == 200) {
      const auto status = nlohmann::json::parse(answer->body, nullptr, false);
      const auto position = status.is_object() ? status.value("position", nlohmann::json()) : nlohmann::json();
      if (position.is_string()) {
        if (const auto id = parse_id(position.get<std::string>())) fences_.applied(node, *id);
      }
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));  // Polled: the node has nothing to wait on.
  }
}

}  // namespace prove
