// What each command of the program does. Each answers with the exit status: 0 done, 1 failed (one line on standard
// error says why).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace edge::app {

int serve(const std::string& config_file);
int check(const std::string& config_file);
int status(const std::string& config_file);
int explain(const std::string& config_file, const std::string& url);
int update(const std::string& config_file, const std::string& avatar, std::optional<std::uint64_t> version,
           bool is_delete);
int demo(std::uint16_t port);

}  // namespace edge::app
