#include "http_link.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace prove {

const Answer* HttpLink::ask(const std::string& method, const std::string& target, const std::string& fields,
                            const std::string& body) {
  // One that was closed while nothing was asked on it says nothing of what is asked now.
  char byte = 0;
  const bool stands = socket_ >= 0 && recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
  if (!stands && !connect()) return nullptr;
  in_.erase(0, used_);
  used_ = 0;
  const std::string request =
      method + " " + target + " HTTP/1.1\r\nHost: edge.test\r\n" + fields +
      (body.empty() && method == "GET" ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n") + "\r\n" +
      body;
  if (::send(socket_, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
    return close(), nullptr;
  while (true) {
    const Parsed parsed = parse_answer(in_, method != "HEAD", answer_, used_);
    if (parsed == Parsed::Whole) break;
    char data[16384];
    const ssize_t count = parsed == Parsed::Malformed ? -1 : recv(socket_, data, sizeof data, 0);
    if (count <= 0) return close(), nullptr;
    in_.append(data, static_cast<std::size_t>(count));
  }
  if (answer_.closes) ::close(socket_), socket_ = -1;
  return &answer_;
}

bool HttpLink::connect() {
  close();
  socket_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(patience_);
  const timeval time{seconds.count(),
                     std::chrono::duration_cast<std::chrono::microseconds>(patience_ - seconds).count()};
  setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
  setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port_);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return true;
  return close(), false;
}

void HttpLink::close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
  in_.clear();
  used_ = 0;
}

}  // namespace prove
