// Asks each peer, when its link comes up and from time to time, what time it is there: what the
// replica holds deadlines against, and jumps of our own clock (store/wall_time.hpp).
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "cnode/process/requests.hpp"
#include "store/replica.hpp"

namespace groot::process {

class PeerClocks {
 public:
  PeerClocks(Outbox& outbox, Peers& peers, Requests& requests, store::Replica& replica);

  void peer_up(const Peer& peer, const Now& now);
  // Before the peer is forgotten.
  void peer_down(const Peer& peer);
  void wake(const Now& now);
  [[nodiscard]] std::optional<std::int64_t> next_wake_ms() const;

 private:
  void ask(const Peer& peer, const Now& now);
  void answered(LinkId link, const Now& asked, const Result<Term>& answer, const Now& now);
  void report(const Peer& peer, std::int64_t ahead_ms, const Now& now);

  Outbox& outbox_;
  Peers& peers_;
  Requests& requests_;
  store::Replica& replica_;
  SharedBytes system_time_;
  std::map<LinkId, std::optional<std::int64_t>> asked_;  // when the clock was reported last
  std::int64_t next_ms_ = 0;
};

}  // namespace groot::process
