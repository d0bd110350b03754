// The data directory, and that nobody else has it.
//
//   data.mdb   the registers (LMDB)      lock.mdb   LMDB's own, for readers like mdb_copy
//   groot.lock locked (flock) by the process that uses the directory; its number is in it
#pragma once

#include <string>

#include "ei_codec/result.hpp"

namespace groot::disk {

class DataDir {
 public:
  // Makes the directory where there is none, accessible by its owner only, and takes the lock.
  // Errors: unusable; foreign, when there are other files and none of ours; in_use. Nothing that
  // is there is changed.
  [[nodiscard]] static Result<DataDir> open(const std::string& path);
  ~DataDir();  // gives the lock back
  DataDir(DataDir&& other) noexcept;
  DataDir& operator=(DataDir&&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string data_file() const;
  // Whether the lock is still that of the directory at the path, which somebody may have deleted,
  // or put another in its place.
  [[nodiscard]] bool is_in_place() const;

 private:
  DataDir(std::string path, int lock_file) : path_(std::move(path)), lock_file_(lock_file) {}

  std::string path_;
  int lock_file_;
};

}  // namespace groot::disk
