// What may be sent to the origin.
#pragma once

#include "base/result.h"
#include "origin/fetch.h"

namespace edge::origin {

// Method, target and field lines must be such that no part of them could be read as another line, another field or
// another request (RFC 9112 section 11.1). Pure.
Status check_request(const FetchRequest& request);

}  // namespace edge::origin
