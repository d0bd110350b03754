#include "cpp_tests/layers/layer_rules.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <stdexcept>

namespace groot::layers {
namespace {

struct Layer {
  std::string_view folder;                // a file belongs to the first layer whose folder it is in
  std::vector<std::string_view> project;  // folders it may include from
  std::vector<std::string_view> foreign;  // prefixes of <...> headers beyond the standard's own
  bool pure = false;                      // no clock, no randomness, no operating system
};

// The most specific folder first.
const std::vector<Layer>& layers() {
  static const std::vector<Layer> table{
      {"ei_codec/", {"ei_codec/"}, {}, true},
      {"store/", {"ei_codec/", "store/"}, {}, true},
      {"cnode/dist/", {"ei_codec/", "cnode/dist/"}, {"openssl/"}, true},
      {"cnode/disk/",
       {"ei_codec/", "store/", "cnode/disk/"},
       {"lmdb.h", "openssl/", "sys/"},
       false},
      {"cnode/process/", {"ei_codec/", "store/", "cnode/dist/", "cnode/process/"}, {}, true},
      {"cnode/io/",
       {"ei_codec/", "store/", "cnode/dist/", "cnode/disk/", "cnode/process/", "cnode/io/"},
       {"boost/asio/", "boost/system/", "openssl/", "sys/", "netinet/", "arpa/"},
       false},
      {"cnode/", {"ei_codec/", "store/", "cnode/"}, {"openssl/", "spdlog/", "CLI/", "sys/"}, false},
  };
  return table;
}

// The only two files behind the gate; everything else reads scanned bytes or terms.
constexpr std::array<std::string_view, 2> ei_files{"ei_codec/term_decode.cpp",
                                                   "ei_codec/term_encode.cpp"};

// Two things that no standard library knows are asked of the kernel itself: pages of memory, and a
// barrier on every processor. Nothing else of the operating system is known to the pure layers.
struct KernelUse {
  std::string_view file;
  std::string_view header;
};
constexpr std::array<KernelUse, 5> kernel_uses{{{"ei_codec/message_buffer.cpp", "sys/mman.h"},
                                                {"store/slab_allocator.cpp", "sys/mman.h"},
                                                {"store/epoch.cpp", "linux/membarrier.h"},
                                                {"store/epoch.cpp", "sys/syscall.h"},
                                                {"store/epoch.cpp", "unistd.h"}}};

// C headers of the operating system that live in no folder.
constexpr std::array<std::string_view, 11> system_headers{
    "malloc.h", "unistd.h", "spawn.h",   "pthread.h", "fcntl.h", "pwd.h",
    "netdb.h",  "signal.h", "termios.h", "ifaddrs.h", "poll.h"};

// Written in two parts, so that this file passes its own check.
constexpr std::array<std::string_view, 3> left_over_words{
    "TO"
    "DO",
    "FIX"
    "ME",
    "XX"
    "X"};

constexpr std::array<std::string_view, 4> impure_words{"clock::now(", "random_device",
                                                       "gettimeofday(", "std::thread"};

bool contains(const auto& range, std::string_view word) {
  return std::find(range.begin(), range.end(), word) != range.end();
}

bool starts_with_any(std::string_view text, const std::vector<std::string_view>& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](std::string_view prefix) { return text.starts_with(prefix); });
}

std::string_view trim_left(std::string_view line) {
  const auto first = line.find_first_not_of(" \t");
  return first == std::string_view::npos ? std::string_view{} : line.substr(first);
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  }
  return lines;
}

std::optional<Include> include_in(std::string_view line) {
  line = trim_left(line);
  if (!line.starts_with('#')) return std::nullopt;
  line = trim_left(line.substr(1));
  if (!line.starts_with("include")) return std::nullopt;
  line = trim_left(line.substr(7));
  if (line.empty() || (line[0] != '<' && line[0] != '"')) return std::nullopt;
  const bool angled = line[0] == '<';
  const auto end = line.find(angled ? '>' : '"', 1);
  if (end == std::string_view::npos) return std::nullopt;
  return Include{std::string(line.substr(1, end - 1)), angled};
}

bool is_standard(std::string_view header) {
  return header.find_first_of("/.") == std::string_view::npos;
}

bool may_include(std::string_view path, const Layer& layer, const Include& include) {
  if (!include.angled) return starts_with_any(include.target, layer.project);
  if (include.target == "ei.h") return contains(ei_files, path);
  if (std::ranges::any_of(kernel_uses, [&](const KernelUse& use) {
        return use.file == path && use.header == include.target;
      })) {
    return true;
  }
  if (is_standard(include.target)) return true;
  if (contains(system_headers, include.target)) return !layer.pure;
  return starts_with_any(include.target, layer.foreign);
}

bool is_word_character(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

bool is_word_at(std::string_view line, std::size_t at, std::size_t size) {
  return (at == 0 || !is_word_character(line[at - 1])) &&
         (at + size >= line.size() || !is_word_character(line[at + size]));
}

bool has_word(std::string_view line, std::string_view word) {
  for (auto at = line.find(word); at != std::string_view::npos; at = line.find(word, at + 1)) {
    if (is_word_at(line, at, word.size())) return true;
  }
  return false;
}

std::string at_line(std::string_view path, std::size_t index) {
  return std::string(path) + ":" + std::to_string(index + 1) + ": ";
}

bool is_cpp(std::string_view path) {
  return path.ends_with(".cpp") || path.ends_with(".hpp");
}

void check_layer(std::string_view path, const std::vector<std::string_view>& lines,
                 std::vector<std::string>& complaints) {
  const auto layer = std::find_if(layers().begin(), layers().end(),
                                  [&](const Layer& l) { return path.starts_with(l.folder); });
  if (layer == layers().end()) return;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto include = include_in(lines[i]);
    if (include && !may_include(path, *layer, *include)) {
      complaints.push_back(at_line(path, i) + std::string(layer->folder) + " may not include " +
                           include->target);
    }
    if (!layer->pure) continue;
    for (const auto word : impure_words) {
      if (lines[i].find(word) != std::string_view::npos) {
        complaints.push_back(at_line(path, i) +
                             "time, randomness and threads come in as arguments, not from " +
                             std::string(word));
      }
    }
  }
}

// What stands between `begin` and the next `end`, from `at` on; `at` moves behind it.
std::optional<std::string_view> next_between(std::string_view text, std::string_view begin,
                                             std::string_view end, std::size_t& at) {
  const auto from = text.find(begin, at);
  if (from == std::string_view::npos) return std::nullopt;
  const auto to = text.find(end, from + begin.size());
  if (to == std::string_view::npos) return std::nullopt;
  at = to + end.size();
  return text.substr(from + begin.size(), to - from - begin.size());
}

std::string_view body_of(std::string_view text, std::string_view function) {
  std::size_t at = 0;
  return next_between(text, "\n" + std::string(function) + "() ->", ".\n", at).value_or("");
}

// The body of a function without arguments, and of those that it calls.
std::string bodies_of(std::string_view text, std::string_view function) {
  std::vector<std::string_view> functions{function};
  std::string bodies;
  for (std::size_t i = 0; i < functions.size(); ++i) {
    const auto body = body_of(text, functions[i]);
    bodies += std::string(body) + "\n";
    for (auto call = body.find("()"); call != std::string_view::npos;
         call = body.find("()", call + 1)) {
      auto begin = call;
      while (begin > 0 && is_word_character(body[begin - 1])) --begin;
      const auto name = body.substr(begin, call - begin);
      if (std::ranges::find(functions, name) == functions.end()) functions.push_back(name);
    }
  }
  return bodies;
}

// The functions of one argument that are exported, without those that run around the cases.
std::vector<std::string_view> exported_cases(std::string_view text) {
  std::vector<std::string_view> cases;
  std::size_t at = 0;
  while (const auto list = next_between(text, "-export([", "])", at)) {
    std::string_view rest = *list;
    while (!rest.empty()) {
      const auto comma = rest.find(',');
      std::string_view name = rest.substr(0, comma);
      rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
      name.remove_prefix(std::min(name.find_first_not_of(" \n"), name.size()));
      const auto slash = name.find("/1");
      if (slash == std::string_view::npos || !is_word_at(name, 0, slash + 2)) continue;
      name = name.substr(0, slash);
      if (name != "init_per_suite" && name != "end_per_suite") cases.push_back(name);
    }
  }
  return cases;
}

// The names in what groups/0 returns: of each {name, [Property...], ...}.
std::vector<std::string_view> groups_in(std::string_view body) {
  std::vector<std::string_view> groups;
  for (auto at = body.find('{'); at != std::string_view::npos; at = body.find('{', at + 1)) {
    const auto end = body.find_first_of(",}", at);
    if (end == std::string_view::npos || !body.substr(end).starts_with(", [")) continue;
    const auto name = body.substr(at + 1, end - at - 1);
    if (!name.empty() && name[0] >= 'a' && name[0] <= 'z') groups.push_back(name);
  }
  return groups;
}

}  // namespace

std::vector<Include> includes_of(std::string_view text) {
  std::vector<Include> includes;
  for (const auto line : lines_of(text)) {
    if (auto include = include_in(line)) includes.push_back(std::move(*include));
  }
  return includes;
}

std::vector<std::string> check_file(std::string_view path, std::string_view text) {
  std::vector<std::string> complaints;
  const auto lines = lines_of(text);
  if (lines.size() > lines_max) {
    complaints.push_back(std::string(path) + ": " + std::to_string(lines.size()) + " lines; past " +
                         std::to_string(lines_max) + " a file is two");
  }
  for (std::size_t i = 0; i < lines.size(); ++i) {
    for (const auto word : left_over_words) {
      if (has_word(lines[i], word)) {
        complaints.push_back(at_line(path, i) + "left over: " + std::string(word));
      }
    }
  }
  if (is_cpp(path)) check_layer(path, lines, complaints);
  return complaints;
}

std::vector<std::string> check_suite(std::string_view path, std::string_view text) {
  std::vector<std::string> complaints;
  const std::string all = bodies_of(text, "all");
  const std::string groups = bodies_of(text, "groups");
  for (const auto name : exported_cases(text)) {
    if (has_word(all, name) || has_word(groups, name)) continue;
    complaints.push_back(std::string(path) + ": " + std::string(name) + " never runs");
  }
  for (const auto name : groups_in(body_of(text, "groups"))) {
    if (has_word(all, name)) continue;
    complaints.push_back(std::string(path) + ": the group " + std::string(name) + " never runs");
  }
  return complaints;
}

std::vector<std::string> check_public_header(std::string_view path, const Sources& sources) {
  std::vector<std::string> complaints;
  std::vector<std::string> to_visit{std::string(path)};
  std::set<std::string, std::less<>> visited;
  while (!to_visit.empty()) {
    const std::string current = std::move(to_visit.back());
    to_visit.pop_back();
    if (!visited.insert(current).second) continue;
    const auto source = sources.find(current);
    if (source == sources.end()) {
      complaints.push_back(std::string(path) + " leads to " + current + ", which does not exist");
      continue;
    }
    for (const auto& include : includes_of(source->second)) {
      if (!include.angled) {
        to_visit.push_back(include.target);
      } else if (!is_standard(include.target)) {
        complaints.push_back(std::string(path) + " leads to <" + include.target + "> through " +
                             current);
      }
    }
  }
  return complaints;
}

Sources read_tree(const std::filesystem::path& root) {
  constexpr std::array<std::string_view, 8> folders{
      "ei_codec", "store", "cnode", "cpp_tests", "erlang_tests", "examples", "scripts", ".ci"};
  Sources sources;
  for (const auto folder : folders) {
    if (!std::filesystem::exists(root / folder)) continue;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root / folder)) {
      if (!entry.is_regular_file()) continue;
      const auto path = entry.path().lexically_relative(root).generic_string();
      const auto extension = entry.path().extension();
      const bool script = (folder == "scripts" || folder == ".ci") && extension.empty();
      if (!is_cpp(path) && extension != ".erl" && extension != ".exs" && !script) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      if (!file) throw std::runtime_error("cannot read " + path);
      sources.emplace(path, std::string(std::istreambuf_iterator<char>(file), {}));
    }
  }
  return sources;
}

}  // namespace groot::layers
