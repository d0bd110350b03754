// Whether an LMDB file is whole, asked before LMDB maps it: a page that is missing or overwritten
// would not be an error there, but the end of the process.
#pragma once

#include <string>

#include "ei_codec/result.hpp"

namespace groot::disk {

// Follows every reference from the newest of the two meta pages to pages, nodes and values, and
// reads no record. A file that is absent or empty is whole. Where it is none of LMDB 0.9 nothing is
// said: LMDB says so itself. Errors: damaged; unusable, when it cannot be read.
[[nodiscard]] Result<void> check_file(const std::string& path);

}  // namespace groot::disk
