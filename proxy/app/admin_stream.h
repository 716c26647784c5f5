// An answer of a running edge's admin port that goes on, for commands that show it as it comes.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "app/config.h"
#include "base/result.h"

namespace edge::app {

// GETs `target` and hands over each whole line, without its newline, until `on_line` says false or the answer ends;
// both are ok. Fails when nobody answers, when the answer breaks off, when nothing comes for `silence`, and with what
// the edge says is wrong when that is not 200. Blocks.
Status follow_admin(const AdminOptions& admin, std::string_view target, std::chrono::milliseconds silence,
                    const std::function<bool(std::string_view line)>& on_line);

}  // namespace edge::app
