// The samples of a figure, as a member of a benchmark's JSON object.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace groot::bench {

// "name": [1.5, 2]
[[nodiscard]] inline std::string samples(std::string_view name, const std::vector<double>& values) {
  std::string text = "\"" + std::string(name) + "\": [";
  for (const double value : values) {
    if (text.back() != '[') text += ", ";
    text += std::to_string(value);
  }
  return text + "]";
}

}  // namespace groot::bench
