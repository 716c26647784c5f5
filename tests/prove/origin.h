// The origin of the avatars: an HTTP/1.1 server whose answers carry the version that was current when the request
// arrived, and that is slow, silent, behind or broken on demand.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <queue>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "moment.h"
#include "truth.h"

namespace prove {

enum class OriginMode { Normal, Held, Failing, Refusing, Resetting };

// Set from any thread, obeyed from the next request on.
struct OriginOrders {
  std::atomic<OriginMode> mode{OriginMode::Normal};
  std::atomic<Duration> slow_min{Duration{}}, slow_max{Duration{}};
  std::atomic<int> slow_percent{0};          // How many answers are late.
  std::atomic<Duration> lag{Duration{}};     // How old what half of the answers say is,
  std::atomic<Moment> lags_since{Moment{}};  // though never older than this.
  std::atomic<bool> sends_versions{true};    // X-Avatar-Version.
};

class Origin {
 public:
  Origin(Truth& truth, OriginOrders& orders, std::uint16_t port, std::uint64_t seed);
  ~Origin();
  Origin(const Origin&) = delete;
  Origin& operator=(const Origin&) = delete;

  std::uint64_t requests() const { return requests_.load(); }

 private:
  struct Connection {
    int socket = -1;
    std::uint64_t id = 0;
    std::string in, out;
    bool is_answering = false, waits_to_write = false;
  };
  struct Late {
    Moment due;
    std::uint64_t connection;
    std::string answer;
    bool operator<(const Late& other) const { return due > other.due; }  // The next one first.
  };

  void run();
  void listen();
  void follow_orders();
  void accept_all();
  void read_from(Connection& connection);
  // Takes whole requests out of what came.
  void serve(Connection& connection);
  std::string answer(std::string_view method, std::string_view target, std::string_view head);
  std::string answer_read(std::size_t avatar, std::size_t variant, bool has_body, std::string_view head);
  std::string answer_change(std::size_t avatar, bool is_deletion, std::string_view head);
  void send_later(Connection& connection, std::string answer);
  void send_due();
  void flush(Connection& connection);
  void watch(Connection& connection, bool for_writing);
  void close(std::uint64_t id);

  Truth& truth_;
  OriginOrders& orders_;
  const std::uint16_t port_;
  std::mt19937_64 random_;
  int epoll_ = -1, listener_ = -1;
  std::uint64_t last_id_ = 0;
  std::map<std::uint64_t, std::unique_ptr<Connection>> connections_;
  std::priority_queue<Late> late_;
  std::vector<Late> held_;
  std::atomic<std::uint64_t> requests_{0};
  std::atomic<bool> is_ending_{false};
  std::thread thread_;
};

// The avatar and variant that a path names, or false.
bool parse_target(std::string_view target, std::size_t& avatar, std::size_t& variant);

}  // namespace prove
