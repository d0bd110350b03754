// Why registers cannot be read from, or written to, the data directory.
#pragma once

#include <string>
#include <system_error>

#include "ei_codec/result.hpp"

namespace groot::disk {

enum class disk_errc {
  unusable = 1,  // the directory cannot be made, read or written
  foreign,       // it holds something else, and nothing in it is touched
  damaged,       // what is in it cannot be read; nothing is changed
  newer_format,  // written by a later version of this program
  in_use,        // another process has it
  gone,          // the file was deleted, or moved, while it was in use
  full,          // the file has the size that --data-max-size allows
  not_saved,     // a write is in memory and on its way to the peers, but not in the file
};

[[nodiscard]] const std::error_category& disk_category();
[[nodiscard]] std::error_code make_error_code(disk_errc code);

}  // namespace groot::disk

template <>
struct std::is_error_code_enum<groot::disk::disk_errc> : std::true_type {};
