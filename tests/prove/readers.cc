#include "readers.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

namespace prove {

Readers::Readers(Judge& judge, Truth& truth, const Conditions& conditions, const ReaderOptions& options)
    : judge_(judge),
      truth_(truth),
      conditions_(conditions),
      options_(options),
      random_(options.seed),
      choices_(popular_choices(truth.avatars(), options.skew, options.seed)),
      epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  for (std::size_t i = 0; i < options_.connections * options_.ports.size(); ++i) {
    connections_.push_back(std::make_unique<Connection>());
    connections_.back()->node = i % options_.ports.size();
    make_idle(*connections_.back());
  }
  thread_ = std::thread([this] { run(); });
}

Readers::~Readers() {
  is_ending_ = true;
  thread_.join();
  for (const auto& connection : connections_) {
    if (connection->socket >= 0) ::close(connection->socket);
  }
  ::close(epoll_);
}

void Readers::run() {
  Moment looked_at = BootClock::now();
  while (!is_ending_) {
    send_what_may(BootClock::now());
    epoll_event events[256];
    const int count = epoll_wait(epoll_, events, 256, 1);
    for (int i = 0; i < count; ++i) on_event(*static_cast<Connection*>(events[i].data.ptr), events[i].events);
    const Moment now = BootClock::now();
    if (now - looked_at < std::chrono::milliseconds(100)) continue;
    look_for_silence(now);
    looked_at = now;
  }
}

void Readers::send_what_may(Moment now) {
  const std::uint64_t rate = rate_;
  const double seconds = milliseconds(now - allowance_at_) / 1000;
  allowance_at_ = now;
  // At most what 20 ms allow is saved up.
  const auto per_second = static_cast<double>(rate);
  allowance_ =
      std::min(allowance_ + seconds * per_second, std::max(per_second / 50, static_cast<double>(options_.depth)));
  for (std::size_t left = idle_.size(); left > 0; --left) {
    if (rate != 0 && allowance_ < static_cast<double>(options_.depth)) return;
    Connection& connection = *idle_.front();
    idle_.pop_front();
    connection.is_idle = false;
    if (connection.socket < 0) {
      if (now < connection.retry_at) {
        make_idle(connection);
      } else {
        connect(connection, now);
      }
      continue;
    }
    allowance_ -= static_cast<double>(options_.depth);
    send(connection);
  }
}

void Readers::connect(Connection& connection, Moment now) {
  connection.socket = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  connection.is_connecting = true;
  const int on = 1;
  setsockopt(connection.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(options_.ports[connection.node]);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  // Stands for the connection itself, which must come about as well.
  connection.asked = {judge_.ask(connection.node, 0, 0, now)};
  if (::connect(connection.socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 && errno != EINPROGRESS)
    return end(connection, "cannot connect", true);
  epoll_event event{EPOLLOUT, {.ptr = &connection}};
  epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.socket, &event);
}

void Readers::send(Connection& connection) {
  std::string out;
  const Moment now = BootClock::now();
  for (std::size_t i = 0; i < options_.depth; ++i) {
    const std::size_t avatar = choose_avatar(), variant = random_() % kVariants;
    out += "GET /avatars/" + std::to_string(avatar) + "/" + kVariantNames[variant] + " HTTP/1.1\r\nHost: edge.test\r\n";
    // A client that has it already asks whether it still holds.
    const std::uint64_t seen = random_() % 20 == 0 ? truth_.last_seen(connection.node, avatar, variant) : 0;
    if (seen != 0) out += "If-None-Match: " + etag_of(avatar, seen) + "\r\n";
    out += "\r\n";
    connection.asked.push_back(judge_.ask(connection.node, avatar, variant, now));
  }
  // A few hundred bytes always fit into the buffer of a connection on which nothing is in flight.
  const ssize_t count = ::send(connection.socket, out.data(), out.size(), MSG_NOSIGNAL);
  if (count != static_cast<ssize_t>(out.size())) end(connection, "cannot send", true);
}

void Readers::on_event(Connection& connection, std::uint32_t events) {
  if (connection.socket < 0) return;
  if (!connection.is_connecting) return read(connection);
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(connection.socket, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0 || (events & EPOLLERR) != 0) return end(connection, "cannot connect", true);
  connection.is_connecting = false;
  connection.asked.clear();
  epoll_event event{EPOLLIN | EPOLLRDHUP, {.ptr = &connection}};
  epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.socket, &event);
  make_idle(connection);
}

void Readers::read(Connection& connection) {
  char data[65536];
  const ssize_t count = recv(connection.socket, data, sizeof data, 0);
  if (count < 0 && errno == EAGAIN) return;
  if (count <= 0)
    return connection.in.empty() ? end(connection, "connection closed without an answer", true) : break_off(connection);
  connection.in.append(data, static_cast<std::size_t>(count));
  if (take_answers(connection) && connection.asked.empty()) make_idle(connection);
}

// False: the connection has ended.
bool Readers::take_answers(Connection& connection) {
  std::string_view rest = connection.in;
  const Moment now = BootClock::now();
  while (!rest.empty() && !connection.asked.empty()) {
    Answer answer;
    std::size_t used = 0;
    const Parsed parsed = parse_answer(rest, true, answer, used);
    if (parsed == Parsed::Incomplete) break;
    if (parsed == Parsed::Malformed) {
      judge_.violated(Kind::Torn, "node " + std::to_string(connection.node) +
                                      ": not an answer: " + std::string(rest.substr(0, 300)));
      end(connection, "", false);
      return false;
    }
    const Asked asked = connection.asked.front();
    connection.asked.pop_front();
    judge_.answered(asked, answer, now);
    count(asked, answer, now);
    rest.remove_prefix(used);
    if (!answer.closes) continue;
    end(connection, "", false);
    return false;
  }
  connection.in.erase(0, connection.in.size() - rest.size());
  return true;
}

void Readers::count(const Asked& asked, const Answer& answer, Moment now) {
  for (ReaderCounts* counts : {&total_, &interval_}) {
    counts->reads.fetch_add(1, std::memory_order_relaxed);
    if (answer.status >= 500) counts->failed.fetch_add(1, std::memory_order_relaxed);
    if (answer.status == 304) counts->not_modified.fetch_add(1, std::memory_order_relaxed);
    if (answer.is_from_tier()) counts->from_tier.fetch_add(1, std::memory_order_relaxed);
    if (!answer.is_hit()) continue;
    counts->hits.fetch_add(1, std::memory_order_relaxed);
    counts->hit_times.add(now - asked.at);
  }
}

void Readers::end(Connection& connection, const char* why, bool is_fault) {
  const Moment now = BootClock::now();
  if (is_fault) {
    for (const Asked& asked : connection.asked) judge_.unanswered(asked, why, now);
    if (!connection.is_connecting) count_failed(connection.asked.size());
  }
  ::close(connection.socket);
  connection.socket = -1;
  connection.is_connecting = false;
  connection.in.clear();
  connection.asked.clear();
  connection.retry_at = now + std::chrono::milliseconds(20);
  make_idle(connection);
}

void Readers::break_off(Connection& connection) {
  const Moment now = BootClock::now();
  for (const Asked& asked : connection.asked) judge_.broken_off(asked, now);
  count_failed(connection.asked.size());
  end(connection, "", false);
}

void Readers::count_failed(std::size_t count) {
  total_.failed += count;
  interval_.failed += count;
}

void Readers::make_idle(Connection& connection) {
  if (!connection.is_idle) idle_.push_back(&connection);
  connection.is_idle = true;
}

void Readers::look_for_silence(Moment now) {
  for (const auto& connection : connections_) {
    if (connection->socket < 0 || connection->asked.empty()) continue;
    const Asked& oldest = connection->asked.front();
    // While its node is stopped a request may wait as long as it takes.
    if (now - oldest.at < options_.patience || conditions_.node_down[connection->node].is_on()) continue;
    end(*connection, "no answer in all the time there was", true);
  }
}

std::size_t Readers::choose_avatar() { return choices_[random_() % choices_.size()]; }

std::vector<std::size_t> popular_choices(std::size_t avatars, double skew, std::uint64_t seed) {
  std::vector<std::size_t> order(avatars);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::mt19937_64 random(seed);
  std::shuffle(order.begin(), order.end(), random);
  double sum = 0;
  for (std::size_t i = 0; i < avatars; ++i) sum += 1 / std::pow(static_cast<double>(i + 1), skew);
  std::vector<std::size_t> choices;
  for (std::size_t i = 0; i < avatars; ++i) {
    const double share = 1 / std::pow(static_cast<double>(i + 1), skew) / sum;
    choices.insert(choices.end(), std::max<std::size_t>(1, static_cast<std::size_t>(share * 100'000)), order[i]);
  }
  return choices;
}

void Histogram::add(Duration time) {
  const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(time.count(), 8));
  const auto power = static_cast<std::size_t>(std::bit_width(value)) - 1;  // At least 3.
  const std::size_t step = (value >> (power - 3)) & 7;
  counts_[std::min<std::size_t>(power * 8 + step, counts_.size() - 1)].fetch_add(1, std::memory_order_relaxed);
}

void Histogram::clear() {
  for (auto& count : counts_) count = 0;
}

double Histogram::milliseconds_at(double share) const {
  std::uint64_t total = 0;
  for (const auto& count : counts_) total += count;
  const auto rank = static_cast<std::uint64_t>(share * static_cast<double>(total));
  std::uint64_t passed = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    passed += counts_[i];
    if (passed > rank) return std::ldexp(static_cast<double>(8 + i % 8) + 0.5, static_cast<int>(i / 8) - 3) / 1e6;
  }
  return 0;
}

}  // namespace prove
