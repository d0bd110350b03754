// What the sources may include, and how they may look: the layer table of the README
// ("Architecture") as a checker. Pure but for `check_tree`, so that the test can feed it bad
// sources and see it complain.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace groot::layers {

inline constexpr std::size_t lines_max = 400;

struct Include {
  std::string target;
  bool angled = false;  // <target> rather than "target"

  bool operator==(const Include&) const = default;
};

// Every #include of `text`, in order.
[[nodiscard]] std::vector<Include> includes_of(std::string_view text);

// One sentence for each rule that the file breaks. `path` is relative to the project's root, with
// forward slashes, and decides the layer. Files of no layer are held to the general rules only.
[[nodiscard]] std::vector<std::string> check_file(std::string_view path, std::string_view text);

// One sentence for each exported case, and each group, of a Common Test suite that its all/0 (or,
// for a case, groups/0) does not name: it would never run, and nothing would say so.
[[nodiscard]] std::vector<std::string> check_suite(std::string_view path, std::string_view text);

// Sources by path relative to the root.
using Sources = std::map<std::string, std::string, std::less<>>;

// The public header must not lead to an Asio or ei header, through however many others.
[[nodiscard]] std::vector<std::string> check_public_header(std::string_view path,
                                                           const Sources& sources);

// The sources and scripts below `root`: what this project wrote, nothing that was built.
[[nodiscard]] Sources read_tree(const std::filesystem::path& root);

}  // namespace groot::layers
