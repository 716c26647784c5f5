#include "origin.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>
#include <stdexcept>
#include <utility>

#include "answer.h"

namespace prove {
namespace {

constexpr std::uint64_t kListenerId = 0;

// What of a request there is; its head ends before the empty line.
struct Request {
  std::string_view method, target, head;
  std::size_t length = 0;
};

bool parse_request(std::string_view data, Request& request) {
  const auto end = data.find("\r\n\r\n");
  if (end == std::string_view::npos) return false;
  request.head = data.substr(0, end);
  const auto line = data.substr(0, data.find("\r\n"));
  const auto first = line.find(' '), second = line.rfind(' ');
  if (first == std::string_view::npos || second <= first) return false;
  request.method = line.substr(0, first);
  request.target = line.substr(first + 1, second - first - 1);
  const auto length = find_field(request.head, "content-length");
  request.length = end + 4 + (length ? parse_number(*length).value_or(0) : 0);
  return data.size() >= request.length;
}

std::string head_of(int status, std::size_t length) {
  return "HTTP/1.1 " + std::to_string(status) + " Said\r\nContent-Length: " + std::to_string(length) + "\r\n";
}

}  // namespace

bool parse_target(std::string_view target, std::size_t& avatar, std::size_t& variant) {
  constexpr std::string_view kStart = "/avatars/";
  if (target.substr(0, kStart.size()) != kStart) return false;
  target.remove_prefix(kStart.size());
  const auto slash = target.find('/');
  if (slash == std::string_view::npos) return false;
  const auto number = parse_number(target.substr(0, slash));
  const auto name = std::find(kVariantNames.begin(), kVariantNames.end(), target.substr(slash + 1));
  if (!number || name == kVariantNames.end()) return false;
  avatar = *number;
  variant = static_cast<std::size_t>(name - kVariantNames.begin());
  return true;
}

Origin::Origin(Truth& truth, OriginOrders& orders, std::uint16_t port, std::uint64_t seed)
    : truth_(truth), orders_(orders), port_(port), random_(seed), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  listen();
  thread_ = std::thread([this] { run(); });
}

Origin::~Origin() {
  is_ending_ = true;
  thread_.join();
  while (!connections_.empty()) close(connections_.begin()->first);
  if (listener_ >= 0) ::close(listener_);
  ::close(epoll_);
}

void Origin::run() {
  while (!is_ending_) {
    epoll_event events[128];
    // A turn at least every millisecond: for answers that are due, and for orders.
    const int count = epoll_wait(epoll_, events, 128, late_.empty() ? 5 : 1);
    follow_orders();
    for (int i = 0; i < count; ++i) {
      if (events[i].data.u64 == kListenerId) {
        accept_all();
        continue;
      }
      const auto found = connections_.find(events[i].data.u64);
      if (found == connections_.end()) continue;
      if ((events[i].events & EPOLLOUT) != 0) {
        flush(*found->second);
      } else {
        read_from(*found->second);
      }
    }
    send_due();
  }
}

void Origin::listen() {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port_);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || ::listen(listener_, 1024) != 0)
    throw std::runtime_error("cannot listen for the origin on port " + std::to_string(port_));
  epoll_event event{EPOLLIN, {.u64 = kListenerId}};
  epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_, &event);
}

void Origin::follow_orders() {
  const bool refuses = orders_.mode == OriginMode::Refusing;
  if (refuses && listener_ >= 0) {
    ::close(listener_);
    listener_ = -1;
    while (!connections_.empty()) close(connections_.begin()->first);
  } else if (!refuses && listener_ < 0) {
    listen();
  }
}

void Origin::accept_all() {
  while (true) {
    const int socket = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket < 0) return;
    const int on = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    auto connection = std::make_unique<Connection>();
    connection->socket = socket;
    connection->id = ++last_id_;
    epoll_event event{EPOLLIN | EPOLLRDHUP, {.u64 = connection->id}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event);
    connections_.emplace(connection->id, std::move(connection));
  }
}

void Origin::read_from(Connection& connection) {
  char data[16384];
  while (true) {
    const ssize_t count = recv(connection.socket, data, sizeof data, 0);
    if (count < 0 && errno == EAGAIN) break;
    if (count <= 0) return close(connection.id);
    connection.in.append(data, static_cast<std::size_t>(count));
  }
  serve(connection);
}

void Origin::serve(Connection& connection) {
  Request request;
  if (connection.is_answering || !parse_request(connection.in, request)) return;
  requests_.fetch_add(1, std::memory_order_relaxed);
  if (orders_.mode == OriginMode::Resetting) return close(connection.id);
  std::string answer = this->answer(request.method, request.target, request.head);
  connection.in.erase(0, request.length);
  connection.is_answering = true;
  send_later(connection, std::move(answer));
}

std::string Origin::answer(std::string_view method, std::string_view target, std::string_view head) {
  std::size_t avatar = 0, variant = 0;
  if (orders_.mode == OriginMode::Failing) return head_of(503, 0) + "\r\n";
  if (!parse_target(target, avatar, variant) || avatar >= truth_.avatars()) return head_of(400, 0) + "\r\n";
  if (method == "GET" || method == "HEAD") return answer_read(avatar, variant, method == "GET", head);
  return answer_change(avatar, method == "DELETE", head);
}

std::string Origin::answer_read(std::size_t avatar, std::size_t variant, bool has_body, std::string_view head) {
  // Of two replicas one may be behind, and nobody knows which one a request meets.
  const Duration lag = random_() % 2 == 0 ? orders_.lag.load() : Duration{};
  const Moment as_of = lag == Duration{} ? Moment::max() : std::max(BootClock::now() - lag, orders_.lags_since.load());
  const State state = truth_.read(avatar, as_of);
  const std::string etag = etag_of(avatar, state.version);
  std::string common = "ETag: " + etag + "\r\nCache-Control: public, max-age=31536000\r\n";
  if (orders_.sends_versions) common += "X-Avatar-Version: " + std::to_string(state.version) + "\r\n";
  if (!state.is_deleted && find_field(head, "if-none-match") == etag) return "HTTP/1.1 304 Said\r\n" + common + "\r\n";
  const std::string body = picture(avatar, variant, state.version);
  return head_of(state.is_deleted ? 404 : 200, body.size()) + common + "Content-Type: text/plain\r\n\r\n" +
         (has_body ? body : std::string());
}

std::string Origin::answer_change(std::size_t avatar, bool is_deletion, std::string_view head) {
  const auto token = find_field(head, "x-change");
  const auto version = truth_.try_change(avatar, token ? parse_number(*token).value_or(0) : 0, is_deletion);
  if (version == 0) return head_of(409, 0) + "\r\n";
  return head_of(200, 0) + "X-Avatar-Version: " + std::to_string(version) + "\r\n\r\n";
}

void Origin::send_later(Connection& connection, std::string answer) {
  const bool is_late = static_cast<int>(random_() % 100) < orders_.slow_percent.load();
  if (orders_.mode == OriginMode::Held) {
    held_.push_back({Moment{}, connection.id, std::move(answer)});
  } else if (is_late) {
    const Duration least = orders_.slow_min, most = std::max(least, orders_.slow_max.load());
    // Or it begins at once, and stops somewhere.
    if (random_() % 2 == 0) {
      const std::size_t begun = random_() % answer.size();
      connection.out += answer.substr(0, begun);
      answer.erase(0, begun);
      flush(connection);
    }
    const Duration delay(std::uniform_int_distribution<std::int64_t>(least.count(), most.count())(random_));
    late_.push({BootClock::now() + delay, connection.id, std::move(answer)});
  } else {
    connection.out += answer;
    flush(connection);
  }
}

void Origin::send_due() {
  if (orders_.mode != OriginMode::Held) {
    for (auto& one : std::exchange(held_, {})) late_.push(std::move(one));
  }
  while (!late_.empty() && late_.top().due <= BootClock::now()) {
    const Late next = late_.top();
    late_.pop();
    const auto found = connections_.find(next.connection);
    if (found == connections_.end()) continue;  // Whoever asked has given up.
    found->second->out += next.answer;
    flush(*found->second);
  }
}

void Origin::flush(Connection& connection) {
  while (!connection.out.empty()) {
    const ssize_t count = send(connection.socket, connection.out.data(), connection.out.size(), MSG_NOSIGNAL);
    if (count < 0 && errno != EAGAIN) return close(connection.id);
    if (count < 0) return watch(connection, true);
    connection.out.erase(0, static_cast<std::size_t>(count));
  }
  if (connection.waits_to_write) watch(connection, false);
  connection.is_answering = false;
  serve(connection);
}

void Origin::watch(Connection& connection, bool for_writing) {
  connection.waits_to_write = for_writing;
  epoll_event event{EPOLLIN | EPOLLRDHUP | (for_writing ? EPOLLOUT : 0U), {.u64 = connection.id}};
  epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.socket, &event);
}

void Origin::close(std::uint64_t id) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  ::close(found->second->socket);
  connections_.erase(found);
}

}  // namespace prove
