#include "cpp_tests/dist/golden_file.hpp"

#include <fstream>
#include <map>
#include <stdexcept>

namespace groot::dist::golden {

namespace {

std::map<std::string, std::string, std::less<>> read_lines() {
  std::ifstream file(GROOT_SOURCE_DIR "/cpp_tests/golden/distribution.txt");
  if (!file) throw std::runtime_error("no cpp_tests/golden/distribution.txt");
  std::map<std::string, std::string, std::less<>> lines;
  std::string name;
  std::string value;
  while (file >> name >> value) lines[name] = value;
  return lines;
}

}  // namespace

std::string text(std::string_view name) {
  static const auto lines = read_lines();
  const auto found = lines.find(name);
  if (found == lines.end()) throw std::runtime_error("no golden line " + std::string(name));
  return found->second;
}

ei_codec::Bytes bytes(std::string_view name) {
  const std::string hex = text(name);
  ei_codec::Bytes decoded;
  const auto byte_at = [&hex](std::size_t at) {
    return static_cast<std::uint8_t>(std::stoul(hex.substr(at, 2), nullptr, 16));
  };
  for (std::size_t i = 0; i + 1 < hex.size();) {
    if (hex[i] == '(') {  // (07*100)
      decoded.insert(decoded.end(), std::stoul(hex.substr(i + 4)), byte_at(i + 1));
      i = hex.find(')', i) + 1;
    } else {
      decoded.push_back(byte_at(i));
      i += 2;
    }
  }
  return decoded;
}

std::uint32_t number(std::string_view name) {
  return static_cast<std::uint32_t>(std::stoul(text(name)));
}

}  // namespace groot::dist::golden
