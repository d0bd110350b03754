// What an earlier run left in the file, brought into a replica.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "cnode/disk/database.hpp"
#include "store/replica.hpp"

namespace groot::disk {

// Precondition: the replica is new. Its journal is kept from here on, behind that of earlier lives.
// What is in the file is in doubt, until Replica::await_proofs, when the last note in it is older
// than tombstones live. Error: damaged; the replica is of no use then.
Result<void> load_into(store::Replica& replica, const Database& database,
                       std::int64_t tombstone_ttl_ms, const store::Now& now);

// The same from anywhere: `load` calls what it is given for each of `size` registers.
using Visit = std::function<void(const store::KeptRegister&)>;
Result<void> load_into(store::Replica& replica, const Marks& marks, std::size_t size,
                       const std::function<Result<void>(const Visit&)>& load,
                       std::int64_t tombstone_ttl_ms, const store::Now& now);

// Those that have not been linked for kept_peer_max are to be forgotten.
[[nodiscard]] std::vector<store::KeptPeer> peers_to_keep(std::vector<store::KeptPeer> peers,
                                                         std::int64_t wall_ms);

// Sets again what was set aside, where its key is not held and its deadline not over: how many.
// Errors: those of Replica::set. Precondition: the replica is loaded.
Result<std::size_t> bring_back(store::Replica& replica, const Database& database,
                               const store::Now& now);

}  // namespace groot::disk
