// Groot's own functions, for remote calls: Groot, Groot.Storage, and what an application says of
// itself.
#pragma once

#include "cnode/process/remote_functions.hpp"
#include "cnode/process/saves.hpp"
#include "cnode/process/store_requests.hpp"

namespace groot::process {

// The others must outlive `functions`.
void add_groot_functions(RemoteFunctions& functions, const store::Replica& replica,
                         StoreRequests& requests, Saves& saves);

}  // namespace groot::process
