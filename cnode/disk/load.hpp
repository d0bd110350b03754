// What an earlier run left in the file, brought into a replica.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "cnode/disk/database.hpp"
#include "store/replica.hpp"

namespace groot::disk {

// Precondition: the replica is new. Its journal is kept from here on. What is in the file is in
// doubt when the last note in it is older than tombstones live. Error: damaged; the replica is of
// no use then.
Result<void> load_into(store::Replica& replica, const Database& database,
                       std::int64_t tombstone_ttl_ms, const store::Now& now);

// The same from anywhere: `load` calls what it is given for each of `size` registers.
using Visit = std::function<void(const store::KeptRegister&)>;
Result<void> load_into(store::Replica& replica, const Marks& marks, std::size_t size,
                       const std::function<Result<void>(const Visit&)>& load,
                       std::int64_t tombstone_ttl_ms, const store::Now& now);

}  // namespace groot::disk
