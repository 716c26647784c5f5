// One HTTP connection that asks and waits; it comes back by itself at the next request.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "answer.h"
#include "moment.h"

namespace prove {

class HttpLink {
 public:
  explicit HttpLink(std::uint16_t port, Duration patience = std::chrono::seconds(30))
      : port_(port), patience_(patience) {}
  ~HttpLink() { close(); }
  HttpLink(const HttpLink&) = delete;
  HttpLink& operator=(const HttpLink&) = delete;

  // The answer stands until the next request. None: nobody knows whether the request was carried out.
  const Answer* ask(const std::string& method, const std::string& target, const std::string& fields = "",
                    const std::string& body = "");

 private:
  bool connect();
  void close();

  const std::uint16_t port_;
  const Duration patience_;
  int socket_ = -1;
  std::string in_;
  std::size_t used_ = 0;
  Answer answer_;
};

}  // namespace prove
