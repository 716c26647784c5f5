// Which records of the access log somebody wants to see: "status>=500 and avatar=42".
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "frontend/access_log.h"
#include "net/networks.h"
#include "serving/routes.h"

namespace edge::admin {

// Immutable; any thread.
class RecordFilter {
 public:
  static constexpr std::size_t kBytesMax = 1024;
  static constexpr std::size_t kComparisonsMax = 16;

  enum class Field {
    Avatar,
    Bytes,
    Client,
    Complete,
    Detail,
    Duration,
    Method,
    Outcome,
    Protocol,
    RequestId,
    Status,
    Target,
    TraceId,
  };
  enum class Operator { Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual, BeginsWith };
  struct Comparison {
    Field field{};
    Operator op{};
    std::string text{};        // What texts are compared with.
    std::uint64_t number = 0;  // What numbers are compared with; durations in microseconds.
    net::Networks networks{};  // What clients are compared with.
  };

  // `routes` say which avatar a target is of.
  RecordFilter(std::vector<Comparison> comparisons, serving::Routes routes)
      : comparisons_(std::move(comparisons)), routes_(std::move(routes)) {}

  // Whether every comparison holds.
  bool admits(const frontend::AccessRecord& record) const;

 private:
  bool holds(const Comparison& comparison, const frontend::AccessRecord& record) const;
  bool is_of_avatar(std::string_view avatar, std::string_view target) const;

  const std::vector<Comparison> comparisons_;
  const serving::Routes routes_;
};

// Comparisons joined by "and": a field, an operator, a value, which is in double quotes where it has spaces. Empty:
// every record. Fields are those of the access log, and avatar.
//   - status, bytes (a size or a number of bytes) and duration (with us, ms, s ...): = != < <= > >=
//   - client (an address or a network): = !=
//   - outcome (one of metrics::kOutcomeLabels), avatar, complete (true or false): = !=
//   - method, target, protocol, detail, request_id, trace_id: = != and ^=, which is "begins with"
// The error says at which character what is wrong, and what would be right.
Result<RecordFilter> parse_record_filter(std::string_view text, serving::Routes routes);

}  // namespace edge::admin
