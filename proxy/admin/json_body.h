// Reads the body of a POST whole, then answers.
#pragma once

#include <memory>
#include <string_view>

#include "base/unique_function.h"
#include "frontend/exchange.h"

namespace edge::admin {

// At most so much; more is 413.
inline constexpr std::size_t kJsonBodyBytesMax = 64 * 1024;

// `answer` is called once, when the body is complete, and must respond. What it captures must outlive the exchange.
std::unique_ptr<frontend::ExchangeTask> read_json(
    frontend::Exchange& exchange, UniqueFunction<void(frontend::Exchange& exchange, std::string_view body)> answer);

}  // namespace edge::admin
