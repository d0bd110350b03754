// The daemon's command line.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "cnode/node.hpp"

namespace groot {

struct CommandLine {
  NodeOptions node;
  LogLevel log_level = LogLevel::info;
};

// Nothing to run: print `text` (help, version, or what is wrong) and leave with `status`.
struct Exit {
  std::string text;
  int status = 0;
};

[[nodiscard]] std::variant<CommandLine, Exit> parse_command_line(int argc, const char* const* argv);

}  // namespace groot
