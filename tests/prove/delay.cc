#include "delay.h"

#include <algorithm>
#include <stdexcept>
#include <thread>
#include <vector>

#include "http_link.h"
#include "redis_link.h"

namespace prove {
namespace {

std::uint64_t read_version(HttpLink& node, std::size_t avatar) {
  const Answer* answer = node.ask("GET", "/avatars/" + std::to_string(avatar) + "/132");
  std::string fault;
  const auto version = answer == nullptr ? std::nullopt : version_of(*answer, avatar, 1, fault);
  if (!version) throw std::runtime_error("no answer of the node: " + fault);
  return *version;
}

double at(const std::vector<double>& sorted, double share) {
  return sorted[std::min(sorted.size() - 1, static_cast<std::size_t>(share * static_cast<double>(sorted.size())))];
}

}  // namespace

nlohmann::json measure_delays(Truth& truth, std::uint16_t data_port, std::uint16_t redis_port,
                              const std::string& stream, std::size_t count) {
  HttpLink node(data_port);
  RedisLink redis(redis_port);
  std::vector<double> delays;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t avatar = i % truth.avatars();
    read_version(node, avatar);  // So that the old one is held.
    const std::uint64_t version = truth.commit(avatar, false);
    const Moment began = BootClock::now();
    if (!redis.send({"XADD", stream, "*", "avatar", std::to_string(avatar), "version", std::to_string(version)}))
      throw std::runtime_error("no Redis");
    while (read_version(node, avatar) < version) {
      if (BootClock::now() - began > std::chrono::seconds(10)) throw std::runtime_error("the change does not arrive");
    }
    delays.push_back(milliseconds(BootClock::now() - began));
    if (!id_of(redis.await())) throw std::runtime_error("XADD was refused");
    // At any point of whatever the node does periodically, not always right after the last event.
    std::this_thread::sleep_for(std::chrono::microseconds(500 + 137 * (i % 31)));
  }
  std::sort(delays.begin(), delays.end());
  return {{"delays", delays.size()},
          {"p50_ms", at(delays, 0.5)},
          {"p90_ms", at(delays, 0.9)},
          {"p99_ms", at(delays, 0.99)},
          {"max_ms", delays.back()}};
}

}  // namespace prove
