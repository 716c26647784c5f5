#include "admin/record_filter.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "base/check.h"
#include "base/text.h"
#include "base/units.h"
#include "http/target.h"

namespace edge::admin {
namespace {

using Field = RecordFilter::Field;
using Operator = RecordFilter::Operator;
using Comparison = RecordFilter::Comparison;

// In the order of the enum.
constexpr std::array<std::string_view, 13> kFieldNames{"avatar",   "bytes",  "client",  "complete", "detail",
                                                       "duration", "method", "outcome", "protocol", "request_id",
                                                       "status",   "target", "trace_id"};

struct OperatorName {
  std::string_view text;
  Operator op;
};
// Those that others begin with come behind them.
constexpr std::array<OperatorName, 7> kOperators{{{"!=", Operator::NotEqual},
                                                  {"<=", Operator::LessOrEqual},
                                                  {">=", Operator::GreaterOrEqual},
                                                  {"^=", Operator::BeginsWith},
                                                  {"=", Operator::Equal},
                                                  {"<", Operator::Less},
                                                  {">", Operator::Greater}}};

enum class Kind { Text, Choice, Number, Network };

Kind kind_of(Field field) {
  switch (field) {
    case Field::Bytes:
    case Field::Duration:
    case Field::Status:
      return Kind::Number;
    case Field::Client:
      return Kind::Network;
    case Field::Avatar:
    case Field::Complete:
    case Field::Outcome:
      return Kind::Choice;
    case Field::Detail:
    case Field::Method:
    case Field::Protocol:
    case Field::RequestId:
    case Field::Target:
    case Field::TraceId:
      return Kind::Text;
  }
  EDGE_CHECK(false);
}

std::string_view operators_of(Kind kind) {
  switch (kind) {
    case Kind::Text:
      return "= != ^=";
    case Kind::Choice:
    case Kind::Network:
      return "= !=";
    case Kind::Number:
      return "= != < <= > >=";
  }
  EDGE_CHECK(false);
}

template <class Names>
std::string list(const Names& names) {
  std::string text;
  for (const std::string_view name : names) text.append(text.empty() ? "" : ", ").append(name);
  return text;
}

bool is_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

std::string quoted(std::string_view text) { return std::string("'").append(text).append("'"); }

Result<std::uint64_t> parse_microseconds(std::string_view text) {
  if (text.ends_with("us")) {
    if (const auto number = try_unsigned(text.substr(0, text.size() - 2))) return *number;
  }
  const auto duration = parse_duration(text);
  if (!duration) return fail(ErrorCode::Malformed, duration.error().message);
  return static_cast<std::uint64_t>(std::chrono::microseconds(*duration).count());
}

Result<std::uint64_t> parse_number(Field field, std::string_view text) {
  if (field == Field::Duration) return parse_microseconds(text);
  if (const auto number = try_unsigned(text)) return *number;
  if (field == Field::Bytes) return parse_size(text);
  return fail(ErrorCode::Malformed, "not a number: " + quoted(text));
}

// Reads the text from its front to its end.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<std::vector<Comparison>> parse() {
    std::vector<Comparison> comparisons;
    for (skip_spaces(); !is_at_end(); skip_spaces()) {
      if (!comparisons.empty() && take_word() != "and") return wrong(word_at_, "'and' must stand between comparisons");
      skip_spaces();
      auto comparison = parse_comparison();
      if (!comparison) return Failure{comparison.error()};
      if (comparisons.size() == RecordFilter::kComparisonsMax)
        return wrong(word_at_, "at most " + std::to_string(RecordFilter::kComparisonsMax) + " comparisons");
      comparisons.push_back(*std::move(comparison));
    }
    return comparisons;
  }

 private:
  Result<Comparison> parse_comparison() {
    Comparison comparison;
    const std::string_view name = take_word();
    const auto* const known = std::find(kFieldNames.begin(), kFieldNames.end(), name);
    if (known == kFieldNames.end())
      return wrong(word_at_, (name.empty() ? "a field is missing" : "there is no field " + quoted(name)) +
                                 "; there are " + list(kFieldNames));
    comparison.field = static_cast<Field>(known - kFieldNames.begin());
    skip_spaces();
    const std::size_t operator_at = at_;
    const auto op = try_operator();
    const std::string_view allowed = operators_of(kind_of(comparison.field));
    if (!op || !is_among(op->text, allowed))
      return wrong(operator_at, "behind " + std::string(name) + " must stand one of " + std::string(allowed));
    comparison.op = op->op;
    skip_spaces();
    const std::size_t value_at = at_;
    const auto value = try_value();
    if (!value) return wrong(value_at, "the quotes are not closed");
    if (value->empty()) return wrong(value_at, "a value is missing");
    if (const Status good = set_value(comparison, *value); !good) return wrong(value_at, good.error().message);
    return comparison;
  }

  static Status set_value(Comparison& comparison, std::string_view value) {
    comparison.text = value;
    if (kind_of(comparison.field) == Kind::Number) {
      const auto number = parse_number(comparison.field, value);
      if (!number) return Failure{number.error()};
      comparison.number = *number;
    }
    if (comparison.field == Field::Client) {
      const auto network = net::parse_network(value);
      if (!network) return Failure{network.error()};
      comparison.networks = net::Networks({&*network, 1});
    }
    if (comparison.field == Field::Outcome && std::find(metrics::kOutcomeLabels.begin(), metrics::kOutcomeLabels.end(),
                                                        value) == metrics::kOutcomeLabels.end())
      return fail(ErrorCode::Malformed,
                  "there is no outcome " + quoted(value) + "; there are " + list(metrics::kOutcomeLabels));
    if (comparison.field == Field::Complete && value != "true" && value != "false")
      return fail(ErrorCode::Malformed, "complete is true or false");
    return {};
  }

  static bool is_among(std::string_view word, std::string_view words) {
    while (!words.empty()) {
      const std::size_t space = std::min(words.find(' '), words.size());
      if (words.substr(0, space) == word) return true;
      words.remove_prefix(std::min(space + 1, words.size()));
    }
    return false;
  }

  bool is_at_end() const { return at_ >= text_.size(); }
  void skip_spaces() {
    while (!is_at_end() && text_[at_] == ' ') ++at_;
  }
  std::string_view take_word() {
    word_at_ = at_;
    while (!is_at_end() && is_name(text_[at_])) ++at_;
    return text_.substr(word_at_, at_ - word_at_);
  }
  std::optional<OperatorName> try_operator() {
    for (const OperatorName& one : kOperators) {
      if (!text_.substr(at_).starts_with(one.text)) continue;
      at_ += one.text.size();
      return one;
    }
    return std::nullopt;
  }
  std::optional<std::string_view> try_value() {
    const bool is_quoted = !is_at_end() && text_[at_] == '"';
    const std::size_t begin = at_ + (is_quoted ? 1 : 0);
    const std::size_t end = text_.find(is_quoted ? '"' : ' ', begin);
    if (is_quoted && end == std::string_view::npos) return std::nullopt;
    at_ = std::min(end, text_.size());
    const std::string_view value = text_.substr(begin, at_ - begin);
    if (is_quoted) ++at_;
    return value;
  }

  static Failure wrong(std::size_t at, const std::string& what) {
    return fail(ErrorCode::Malformed, "filter, character " + std::to_string(at + 1) + ": " + what);
  }

  const std::string_view text_;
  std::size_t at_ = 0;
  std::size_t word_at_ = 0;  // Where the last word began.
};

bool compare(Operator op, std::uint64_t value, std::uint64_t with) {
  switch (op) {
    case Operator::Equal:
      return value == with;
    case Operator::NotEqual:
      return value != with;
    case Operator::Less:
      return value < with;
    case Operator::LessOrEqual:
      return value <= with;
    case Operator::Greater:
      return value > with;
    case Operator::GreaterOrEqual:
      return value >= with;
    case Operator::BeginsWith:
      break;
  }
  EDGE_CHECK(false);
}

bool compare(Operator op, std::string_view value, std::string_view with) {
  if (op == Operator::BeginsWith) return value.starts_with(with);
  return (value == with) == (op == Operator::Equal);
}

// Who has no address, as at a UNIX socket, is in no network.
bool is_in(const net::Networks& networks, std::string_view client) {
  const auto address = net::try_ip(client);
  return address && networks.contains(*address);
}

}  // namespace

bool RecordFilter::admits(const frontend::AccessRecord& record) const {
  return std::all_of(comparisons_.begin(), comparisons_.end(),
                     [&](const Comparison& comparison) { return holds(comparison, record); });
}

bool RecordFilter::holds(const Comparison& comparison, const frontend::AccessRecord& record) const {
  const Operator op = comparison.op;
  const auto is_text = [&](std::string_view value) { return compare(op, value, comparison.text); };
  const auto is_number = [&](std::uint64_t value) { return compare(op, value, comparison.number); };
  const auto is_so = [&](bool value) { return value == (op == Operator::Equal); };
  switch (comparison.field) {
    case Field::Avatar:
      return is_so(is_of_avatar(comparison.text, record.target));
    case Field::Bytes:
      return is_number(record.bytes_sent);
    case Field::Client:
      return is_so(is_in(comparison.networks, record.client));
    case Field::Complete:
      return is_text(record.complete ? "true" : "false");
    case Field::Detail:
      return is_text(record.detail);
    case Field::Duration:
      return is_number(
          static_cast<std::uint64_t>(std::chrono::floor<std::chrono::microseconds>(record.duration).count()));
    case Field::Method:
      return is_text(record.method);
    case Field::Outcome:
      return is_text(metrics::kOutcomeLabels[static_cast<std::size_t>(record.outcome)]);
    case Field::Protocol:
      return is_text(record.protocol);
    case Field::RequestId:
      return is_text(record.request_id);
    case Field::Status:
      return is_number(record.status);
    case Field::Target:
      return is_text(record.target);
    case Field::TraceId:
      return is_text(record.trace_id);
  }
  EDGE_CHECK(false);
}

bool RecordFilter::is_of_avatar(std::string_view avatar, std::string_view target) const {
  thread_local std::string target_scratch;
  thread_local std::string avatar_scratch;
  const auto parsed = http::parse_target(target, target_scratch);
  return parsed && routes_.avatar_of(parsed->path, avatar_scratch).avatar == avatar;
}

Result<RecordFilter> parse_record_filter(std::string_view text, serving::Routes routes) {
  if (text.size() > RecordFilter::kBytesMax)
    return fail(ErrorCode::Malformed, "filter: at most " + std::to_string(RecordFilter::kBytesMax) + " bytes");
  auto comparisons = Parser(text).parse();
  if (!comparisons) return Failure{comparisons.error()};
  return RecordFilter(*std::move(comparisons), std::move(routes));
}

}  // namespace edge::admin
