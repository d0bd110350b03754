// The end of a tombstone at stock nodes: each has it as a register with the value nil, which it
// would keep for ever.
//
// Groot's own message for that, propagate_delete, carries no stamp, and deletes what was written
// there a moment ago. So the storage process is handed a fun, as sys:replace_state does it, that
// removes a register if it is still the very version whose time is over, in one step, on every
// version of Groot. Nothing of it stays there.
#pragma once

#include <deque>
#include <map>
#include <string>

#include "cnode/dist/earliest.hpp"
#include "cnode/process/requests.hpp"
#include "store/register.hpp"

namespace groot::process {

class Reclaimer {
 public:
  Reclaimer(Peers& peers, Outbox& outbox, Requests& requests)
      : peers_(peers), outbox_(outbox), requests_(requests) {}

  // `tombstone` is removed at that stock peer some time from now; what does not fit is left there,
  // and comes again when the peer shows it. Nothing happens when the peer is away.
  void add(store::PeerId peer, store::RegisterPtr tombstone, const Now& now);
  void forget(LinkId link) { queues_.erase(link); }

  void wake(const Now& now);
  // May be too early: see Earliest.
  [[nodiscard]] std::optional<std::int64_t> next_wake_ms() const { return wakes_.ms(); }

 private:
  struct Queue {
    std::deque<store::RegisterPtr> tombstones;
    bool under_way = false;
    std::int64_t next_ms = 0;  // monotonic
  };

  void remove_some(LinkId link, Queue& queue, const Now& now);

  Peers& peers_;
  Outbox& outbox_;
  Requests& requests_;
  std::map<LinkId, Queue> queues_;
  dist::Earliest wakes_;
};

// The Erlang expressions that remove Registers, [{Key, Hlc}], from a storage process, and say how
// many there were.
[[nodiscard]] std::string reclaim_source();

}  // namespace groot::process
