// Fuzzes http: subjects of tokens. A subject is a part of what the token says, and not empty.
#include "http/token_subject.h"

#include <cstdint>

#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string scratch;
  const std::string_view input{reinterpret_cast<const char*>(data), size};
  if (const auto subject = edge::http::try_token_subject(input, scratch)) {
    EDGE_CHECK(!subject->empty());
    EDGE_CHECK(scratch.find(*subject) != std::string::npos);
  }
  return 0;
}
