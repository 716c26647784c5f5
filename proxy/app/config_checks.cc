#include "app/config_checks.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <system_error>

#include "app/config_address.h"
#include "app/config_problem.h"
#include "base/handle.h"
#include "base/text.h"
#include "base/units.h"
#include "limit/rate.h"
#include "net/address.h"
#include "net/networks.h"
#include "origin/origin.h"
#include "origin/request_check.h"
#include "redis/redis_url.h"
#include "serving/routes.h"

namespace edge::app {
namespace {

constexpr std::size_t kTokenBytesMax = 4096;
constexpr std::string_view kWhiteSpace = " \t\r\n";

using StdioHandle = CHandle<std::FILE, std::fclose>;

Failure refused(std::string_view what, const std::filesystem::path& file) {
  return fail(ErrorCode::System,
              std::string(what) + " " + quote_path(file) + ": " + std::generic_category().message(errno));
}

bool is_token_character(char c) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kMarks.find(c) != std::string_view::npos;
}

bool is_site_character(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; }

}  // namespace

Status check_absolute_path(std::string_view text) {
  if (text.starts_with('/')) return {};
  return fail(ErrorCode::Malformed, "not an absolute path: " + quote(text));
}

Status check_site(std::string_view text) {
  if (!text.empty() && text.size() <= 64 && std::ranges::all_of(text, is_site_character)) return {};
  return fail(ErrorCode::Malformed, "not a site name: " + quote(text) + "; write 1 to 64 of a-z, 0-9 and -");
}

Status check_address(std::string_view text) {
  const auto address = parse_socket_address(text);
  if (address) return {};
  return Failure{address.error()};
}

Status check_admin_address(std::string_view text) {
  if (!text.starts_with(net::kUnixPrefix)) return check_address(text);
  const auto address = net::parse_address(text);
  return address ? Status{} : Status{Failure{address.error()}};
}

Status check_socket_mode(std::string_view text) {
  const std::string_view digits = text.starts_with('0') ? text.substr(1) : text;
  const auto is_octal = [](char c) { return c >= '0' && c <= '7'; };
  // Whose file it is must be able to connect.
  const bool is_owners = digits.size() == 3 && (digits.front() == '6' || digits.front() == '7');
  if (is_owners && std::ranges::all_of(digits, is_octal)) return {};
  return fail(ErrorCode::Malformed, "not permissions of a socket: " + quote(text) + "; write 0600, 0660 or 0666");
}

Status check_host_name(std::string_view text) {
  const auto is_good = [](char c) { return is_site_character(ascii_lower(c)) || c == '.' || c == '_'; };
  if (!text.empty() && text.size() <= 253 && std::ranges::all_of(text, is_good)) return {};
  return fail(ErrorCode::Malformed, "not a host name: " + quote(text) + "; write one such as edge-1.example");
}

Status check_field_name(std::string_view text) {
  if (!text.empty() && text.size() <= 64 && std::ranges::all_of(text, is_token_character)) return {};
  return fail(ErrorCode::Malformed, "not a field name: " + quote(text) + "; write one such as X-Avatar-Version");
}

Status check_redis_key(std::string_view text) {
  const auto is_good = [](char c) { return c > ' ' && c < 0x7f && c != '{' && c != '}'; };
  if (!text.empty() && text.size() <= 128 && std::ranges::all_of(text, is_good)) return {};
  return fail(ErrorCode::Malformed,
              "not a key: " + quote(text) + "; write 1 to 128 visible characters without braces, as avatar:updates");
}

Status check_media_type(std::string_view text) {
  const std::size_t slash = std::min(text.find('/'), text.size());
  const auto is_name = [](std::string_view name) {
    return !name.empty() && name != "*" && std::ranges::all_of(name, is_token_character);
  };
  if (text.size() <= 64 && is_name(text.substr(0, slash)) && is_name(text.substr(std::min(slash + 1, text.size()))))
    return {};
  return fail(ErrorCode::Malformed, "not a media type: " + quote(text) + "; write one such as image/webp");
}

Status check_cipher_list(std::string_view text) {
  const auto is_good = [](char c) { return c > ' ' && c < 0x7f; };
  if (!text.empty() && text.size() <= 2048 && std::ranges::all_of(text, is_good)) return {};
  return fail(ErrorCode::Malformed, "not a list: " + quote(text) + "; write names with colons between them");
}

Status check_url(std::string_view text) { return origin::check_origin_url(text); }

Status check_health_path(std::string_view text) {
  if (text.starts_with('/') && text.size() <= 2048 && origin::check_request({.target = std::string(text)})) return {};
  return fail(ErrorCode::Malformed, "not a path: " + quote(text) + "; write one such as /healthz");
}

Status check_redis_url(std::string_view text) {
  const auto url = redis::parse_redis_url(text);
  return url ? Status{} : Status{Failure{url.error()}};
}

Status check_route(std::string_view text) {
  const auto route = serving::parse_route(text);
  return route ? Status{} : Status{Failure{route.error()}};
}

Status check_rate(std::string_view text) {
  const auto rate = limit::parse_rate(text);
  return rate ? Status{} : Status{Failure{rate.error()}};
}

Status check_network(std::string_view text) {
  const auto network = net::parse_network(text);
  return network ? Status{} : Status{Failure{network.error()}};
}

Status check_key_id(std::string_view text) {
  const auto is_good = [](char c) { return is_site_character(ascii_lower(c)) || c == '_'; };
  if (!text.empty() && text.size() <= 64 && std::ranges::all_of(text, is_good)) return {};
  return fail(ErrorCode::Malformed, "not a key's name: " + quote(text) + "; write 1 to 64 of letters, digits, - and _");
}

Status check_readable(const std::filesystem::path& file) {
  struct stat info {};
  if (stat(file.c_str(), &info) != 0) return refused("cannot read", file);
  if (!S_ISREG(info.st_mode)) return fail(ErrorCode::Malformed, "not a regular file: " + quote_path(file));
  if (access(file.c_str(), R_OK) != 0) return refused("cannot read", file);
  return {};
}

Status check_writable(const std::filesystem::path& file) {
  struct stat info {};
  if (stat(file.c_str(), &info) == 0) {
    if (S_ISDIR(info.st_mode)) return fail(ErrorCode::Malformed, "a folder, not a file: " + quote_path(file));
    if (access(file.c_str(), W_OK) != 0) return refused("cannot write", file);
    return {};
  }
  const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
  if (stat(folder.c_str(), &info) == 0 && !S_ISDIR(info.st_mode)) errno = ENOTDIR;
  if (!S_ISDIR(info.st_mode) || access(folder.c_str(), W_OK | X_OK) != 0) return refused("cannot write into", folder);
  return {};
}

Result<std::string> read_token(const std::filesystem::path& file) {
  if (const Status readable = check_readable(file); !readable) return Failure{readable.error()};
  struct stat info {};
  if (stat(file.c_str(), &info) != 0) return refused("cannot read", file);
  if ((info.st_mode & (S_IROTH | S_IWOTH)) != 0)
    return fail(ErrorCode::Malformed, "everybody may read or write " + quote_path(file) + "; chmod 600 it");

  auto text = read_text(file, kTokenBytesMax);
  if (!text) return Failure{text.error()};
  const std::size_t begin = std::min(text->find_first_not_of(kWhiteSpace), text->size());
  const std::size_t end = text->find_last_not_of(kWhiteSpace) + 1;
  std::string token = text->substr(begin, end - std::min(begin, end));
  if (token.size() < kTokenBytesMin)
    return fail(ErrorCode::Malformed, "the token in " + quote_path(file) + " has " + std::to_string(token.size()) +
                                          " bytes; write at least " + std::to_string(kTokenBytesMin));
  if (!std::ranges::all_of(token, [](char c) { return c > ' ' && c < 0x7f; }))
    return fail(ErrorCode::Malformed,
                "the token in " + quote_path(file) + " has characters besides visible ASCII; write one line of those");
  return token;
}

Result<std::string> read_text(const std::filesystem::path& file, std::size_t bytes_max) {
  const StdioHandle stream{std::fopen(file.c_str(), "re")};
  if (!stream) return refused("cannot read", file);
  std::string text(bytes_max + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), stream.get()));
  if (std::ferror(stream.get()) != 0) return refused("cannot read", file);
  if (text.size() > bytes_max)
    return fail(ErrorCode::TooLarge, quote_path(file) + " is larger than " + format_size(bytes_max));
  return text;
}

}  // namespace edge::app
