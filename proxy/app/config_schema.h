// The configuration's form for editors: a JSON Schema, made of the table.
#pragma once

#include <string>

namespace edge::app {

// JSON Schema, draft 7, of a configuration file as YAML 1.2 reads it; ends with a line feed. It takes whatever
// load_config takes; what a text or a file must be, and what keys may not say together, load_config alone knows.
std::string config_schema();

}  // namespace edge::app
