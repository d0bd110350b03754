// The tap: a fun inside a stock storage process that forwards each write that it is asked for by a
// call, the moment it has happened, and each such delete the moment before: so whoever has the
// answer to a delete finds it here, whatever he writes here next. Of delete_all it sends the state
// that this leaves, before other nodes of ours fill it again. It runs code in the peer's process,
// so it is opt-in; it takes itself out when we are gone, and is taken out when we stop.
#pragma once

#include <functional>
#include <set>

#include "cnode/process/peers.hpp"
#include "cnode/process/requests.hpp"

namespace groot::process {

class Tap {
 public:
  struct Outcomes {
    // The tap is in place: what was written just before may be in no state that came so far.
    std::function<void(LinkId link, const Now& now)> installed;
    // It could not be installed: hear that peer in another way.
    std::function<void(LinkId link, const Now& now)> failed;
  };

  Tap(const NodeName& self, Outbox& outbox, Peers& peers, Requests& requests, Outcomes outcomes);

  void install(const Peer& peer, const Now& now);
  void forget(LinkId link) { installed_.erase(link); }
  // Takes out all taps; no answer is awaited.
  void remove_all();

 private:
  void fail(LinkId link, const std::string& why, const Now& now);

  const NodeName& self_;
  Outbox& outbox_;
  Peers& peers_;
  Requests& requests_;
  Outcomes outcomes_;
  std::set<LinkId> installed_;
};

// The Erlang expressions that install the tap.
[[nodiscard]] std::string tap_source(const NodeName& self);

}  // namespace groot::process
