// Whose token a request bears.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace edge::http {

// The subject ("sub", RFC 7519 section 4.1.2) of the JSON Web Token in an Authorization field, "Bearer HEAD.BODY.SEAL";
// of a number its digits, of a string its characters as they are escaped. nullopt where there is no such token or
// subject.
//
// The token is not verified: whoever makes one up has any subject. It groups requests, and authenticates nobody.
// The view is into `scratch`, which keeps its room.
std::optional<std::string_view> try_token_subject(std::string_view authorization, std::string& scratch);

}  // namespace edge::http
