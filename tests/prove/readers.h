// The clients: many keep-alive connections to every node, each with a few requests in flight, all judged.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "judge.h"

namespace prove {

struct ReaderOptions {
  std::vector<std::uint16_t> ports;  // Data ports, one a node.
  std::size_t connections = 16;      // To each node.
  std::size_t depth = 4;             // Requests in flight on each.
  std::uint64_t seed = 1;
  double skew = 1.0;  // Of the choice of avatars: 0 is even.
  Duration patience = std::chrono::seconds(30);
};

// Times by powers of two, eight steps each.
class Histogram {
 public:
  void add(Duration time);
  void clear();
  double milliseconds_at(double share) const;

 private:
  std::array<std::atomic<std::uint64_t>, 512> counts_{};
};

struct ReaderCounts {
  std::atomic<std::uint64_t> reads{0}, hits{0}, from_tier{0}, not_modified{0},
      failed{0};  // From the tier are hits, too.
  Histogram hit_times;

  void clear() { reads = 0, hits = 0, from_tier = 0, not_modified = 0, failed = 0, hit_times.clear(); }
};

class Readers {
 public:
  Readers(Judge& judge, Truth& truth, const Conditions& conditions, const ReaderOptions& options);
  ~Readers();
  Readers(const Readers&) = delete;
  Readers& operator=(const Readers&) = delete;

  // Reads a second, all nodes together; 0: as many as will go.
  void set_rate(std::uint64_t rate) { rate_ = rate; }
  const ReaderCounts& total() const { return total_; }
  // Since the last mark.
  ReaderCounts& interval() { return interval_; }

 private:
  struct Connection {
    std::size_t node = 0;
    int socket = -1;
    bool is_connecting = false;
    bool is_idle = false;  // Waits in idle_ for its turn to ask, or to connect.
    std::string in;
    std::deque<Asked> asked;
    Moment retry_at{};
  };

  void run();
  void send_what_may(Moment now);
  void connect(Connection& connection, Moment now);
  void send(Connection& connection);
  void on_event(Connection& connection, std::uint32_t events);
  void read(Connection& connection);
  bool take_answers(Connection& connection);
  void count(const Asked& asked, const Answer& answer, Moment now);
  // The end of a connection; what was asked on it gets no answer, which the judge is told where `is_fault`.
  void end(Connection& connection, const char* why, bool is_fault);
  void break_off(Connection& connection);
  void count_failed(std::size_t count);
  void make_idle(Connection& connection);
  void look_for_silence(Moment now);
  std::size_t choose_avatar();

  Judge& judge_;
  Truth& truth_;
  const Conditions& conditions_;
  const ReaderOptions options_;
  std::mt19937_64 random_;
  std::vector<std::size_t> choices_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::deque<Connection*> idle_;
  std::atomic<std::uint64_t> rate_{0};
  double allowance_ = 0;
  Moment allowance_at_{};
  ReaderCounts total_, interval_;
  int epoll_ = -1;
  std::atomic<bool> is_ending_{false};
  std::thread thread_;
};

// Avatars in the shares in which they are asked for; which ones are popular depends on the seed.
std::vector<std::size_t> popular_choices(std::size_t avatars, double skew, std::uint64_t seed);

}  // namespace prove
