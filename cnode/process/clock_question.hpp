// Which writes of a stock peer's full state were made there is told by the clock that stamped them:
// its state is asked for, #{timestamp => H, ...} on every version.
#pragma once

#include "cnode/process/requests.hpp"
#include "store/replica.hpp"

namespace groot::process {

// The replica is told when the answer comes; nothing happens where it is another one.
void ask_clock(Requests& requests, const Peer& peer, store::Replica& replica, const Now& now);

}  // namespace groot::process
