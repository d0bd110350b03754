// A folder of the test's own, gone at its end.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

#include "ei_codec/result.hpp"

namespace groot {

class TemporaryFolder {
 public:
  explicit TemporaryFolder(
      const std::filesystem::path& place = std::filesystem::temp_directory_path()) {
    std::string name = (place / "groot_test_").string();
    name += std::string(6, 'X');
    invariant(::mkdtemp(name.data()) != nullptr, "a temporary folder for the test");
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] std::string path() const { return path_.string(); }
  // Writes a file below the folder and returns its path.
  std::string write(const std::string& name, const std::string& text,
                    std::filesystem::perms permissions = std::filesystem::perms::owner_read) {
    const auto path = path_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
    std::filesystem::permissions(path, permissions);
    return path.string();
  }

 private:
  std::filesystem::path path_;
};

}  // namespace groot
