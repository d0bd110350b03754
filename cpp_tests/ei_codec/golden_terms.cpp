#include "golden_terms.hpp"

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace groot::ei_codec::golden {

Bytes from_hex(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(digit(hex[i]) * 16 + digit(hex[i + 1])));
  }
  return bytes;
}

std::string to_hex(ByteView bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string hex;
  for (const std::uint8_t byte : bytes) {
    hex.push_back(digits[byte >> 4]);
    hex.push_back(digits[byte & 15]);
  }
  return hex;
}

std::vector<std::vector<std::string>> fields(const std::string& file) {
  std::ifstream in(std::string(GROOT_SOURCE_DIR) + "/cpp_tests/golden/" + file);
  if (!in) throw std::runtime_error("no golden file " + file);
  std::vector<std::vector<std::string>> lines;
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::vector<std::string>& into = lines.emplace_back();
    for (std::string word; words >> word;) into.push_back(word);
  }
  return lines;
}

namespace {

std::vector<GoldenTerm> read_terms(const std::string& file) {
  std::vector<GoldenTerm> terms;
  for (const auto& line : fields(file)) {
    if (line.size() != 4) throw std::runtime_error("malformed line in " + file);
    GoldenTerm term{line[0], from_hex(line[1]), from_hex(line[2]), std::nullopt};
    if (line[3] != "-") term.text = std::string(as_text(from_hex(line[3])));
    terms.push_back(std::move(term));
  }
  return terms;
}

}  // namespace

const std::vector<GoldenTerm>& terms() {
  static const std::vector<GoldenTerm> all = read_terms("terms.txt");
  return all;
}

const std::vector<GoldenTerm>& terms_of_otp27() {
  static const std::vector<GoldenTerm> all = read_terms("terms_otp27.txt");
  return all;
}

}  // namespace groot::ei_codec::golden
