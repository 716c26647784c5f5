// What the command line asks of a running edge, over its admin port.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "app/config.h"
#include "app/one_request.h"
#include "base/result.h"

namespace edge::app {

// Where its admin port is, for requests that take `patience` at most.
origin::OriginOptions admin_origin(const AdminOptions& admin, std::chrono::milliseconds patience);
// With the token, where there is one; without a body.
origin::FetchRequest admin_request(const AdminOptions& admin, std::string_view method, std::string_view target);

// Asks and waits, for `patience` at most. Fails when nobody answers there.
Result<OneAnswer> ask_admin(const AdminOptions& admin, std::string_view method, std::string_view target,
                            std::string_view body, std::chrono::milliseconds patience = std::chrono::seconds{5});

}  // namespace edge::app
