#include "net/tls_library.h"

#include <cerrno>
#include <cstdio>
#include <system_error>

namespace edge::net {
namespace {

constexpr std::size_t kFileBytesMax = 4 << 20;  // Bundles of all public authorities have some 250 KiB.

using StdioHandle = CHandle<std::FILE, std::fclose>;

}  // namespace

std::string take_library_reason() {
  const unsigned long code = ERR_peek_last_error();
  const char* const reason = ERR_reason_error_string(code);
  ERR_clear_error();
  return reason ? reason : "no reason is known";
}

Result<std::string> read_tls_file(const std::string& file) {
  const auto refused = [&] {
    return fail(ErrorCode::System, "cannot read '" + file + "': " + std::generic_category().message(errno));
  };
  const StdioHandle stream{std::fopen(file.c_str(), "re")};
  if (!stream) return refused();
  std::string text(kFileBytesMax + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), stream.get()));
  if (std::ferror(stream.get()) != 0) return refused();
  if (text.size() > kFileBytesMax) return fail(ErrorCode::TooLarge, "'" + file + "' is larger than 4MiB");
  return text;
}

}  // namespace edge::net
