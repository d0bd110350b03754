// Groot's own functions, for remote calls: Groot, Groot.Storage, and what an application says of
// itself.
#pragma once

#include "cnode/process/remote_functions.hpp"
#include "cnode/process/store_requests.hpp"

namespace groot::process {

// `requests` must outlive `functions`.
void add_groot_functions(RemoteFunctions& functions, StoreRequests& requests);

}  // namespace groot::process
