// By which a request is found again: in the access log, at the origin, and in what a client says of an answer.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace edge::frontend {

// The text of one: the number that we gave, or what a proxy had given before. Made where somebody asks for it.
class RequestId {
 public:
  // `text` is not copied.
  explicit RequestId(std::string_view text) : given_(text) {}
  // As "PREFIX-NUMBER" in hex.
  RequestId(std::uint64_t prefix, std::uint64_t number);

  std::string_view view() const { return given_.empty() ? std::string_view{made_.data(), made_bytes_} : given_; }

 private:
  std::string_view given_{};
  std::array<char, 33> made_;
  std::size_t made_bytes_ = 0;
};

// Whether it may stand in logs and go on as it is: 1 to 128 visible characters of ASCII.
bool is_request_id(std::string_view text) noexcept;

// Numbers the requests of one server. The prefix is random, so that none is given twice, by no worker, process or node;
// it is no secret. Loop's thread only.
class RequestIds {
 public:
  RequestIds();
  std::uint64_t prefix() const { return prefix_; }
  // From 1.
  std::uint64_t next() { return ++last_; }

 private:
  const std::uint64_t prefix_;
  std::uint64_t last_ = 0;
};

}  // namespace edge::frontend
