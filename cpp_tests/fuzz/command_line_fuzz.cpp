// Invariants: any command line is understood or refused with a text, and so is the name in it.
//
// Input: an argument a line.
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "cnode/command_line.hpp"
#include "cnode/options.hpp"

using namespace groot;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::istringstream lines(std::string(data, data + size));
  std::vector<std::string> words{"groot_node"};
  std::string line;
  while (words.size() < 64 && std::getline(lines, line)) words.push_back(line.c_str());
  std::vector<const char*> argv;
  for (const std::string& word : words) argv.push_back(word.c_str());
  const auto parsed = parse_command_line(static_cast<int>(argv.size()), argv.data());
  if (const auto* const exit = std::get_if<Exit>(&parsed)) {
    if (exit->text.empty()) std::abort();
    return 0;
  }
  const Environment empty = [](const std::string&) { return std::nullopt; };
  const auto name =
      resolve_name(std::get<CommandLine>(parsed).node, empty, {"host", "host.domain"});
  if (!name && name.error().text().empty()) std::abort();
  return 0;
}
