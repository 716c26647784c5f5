// Whether single texts of the configuration, and the files that it names, are what they should be. Messages are
// phrases for after "KEY: ".
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace edge::app {

Status check_absolute_path(std::string_view text);
// 1 to 64 of a-z, 0-9 and the hyphen.
Status check_site(std::string_view text);
Status check_address(std::string_view text);
// The same, or "unix:" and an absolute path.
Status check_admin_address(std::string_view text);
// Permissions of a file that its owner may read and write: 0600 to 0777, octal.
Status check_socket_mode(std::string_view text);
// A host name, as certificates have it.
Status check_host_name(std::string_view text);
// RFC 9110 section 5.1: a token.
Status check_field_name(std::string_view text);
// A key of Redis: 1 to 128 visible characters without braces, which would move the keys beside it to other slots.
Status check_redis_key(std::string_view text);
// type/subtype, without parameters (RFC 9110 section 8.3.1), not a range.
Status check_media_type(std::string_view text);

// Visible characters, as names in lists have; which names there are, OpenSSL knows.
Status check_cipher_list(std::string_view text);

// What the floors below say of their own texts.
Status check_url(std::string_view text);
Status check_health_path(std::string_view text);
Status check_redis_url(std::string_view text);
Status check_route(std::string_view text);
Status check_rate(std::string_view text);
Status check_network(std::string_view text);
// 1 to 64 of letters, digits, - and _, which stand in a URL as they are.
Status check_key_id(std::string_view text);

// A regular file that this process may read.
Status check_readable(const std::filesystem::path& file);
// A file that is there or can be made: its folder exists.
Status check_writable(const std::filesystem::path& file);

constexpr std::size_t kTokenBytesMin = 16;

// The token in the file, without white space at its ends: at least kTokenBytesMin visible characters, and a file that
// not everybody may read.
Result<std::string> read_token(const std::filesystem::path& file);

// All of a text, at most `bytes_max`; read to its end, so a pipe will do.
Result<std::string> read_text(const std::filesystem::path& file, std::size_t bytes_max);

}  // namespace edge::app
