// After an absence longer than tombstones live: which of the values restored were deleted in the
// cluster meanwhile, and what proves it.
//
// A peer proves it whose memory is the one that it had when it was last level with this node: a
// stock node's storage process that has lived since, or a node of ours that still has what it had.
// What it held then and no longer holds was deleted there. Nothing else is a proof: a memory that
// began later may never have held the value, a stock node without deletes cannot have deleted it,
// and what came to be here after the two were level may never have reached the peer.
//
// What a peer may yet prove is in doubt: it is read here, and sent to nobody. A value that any peer
// shows, in whatever version, is in no doubt any more, and neither is one that nobody can prove
// anything of. A peer that does not come, or shows nothing, is awaited for doubt_wait_ms.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "store/effects.hpp"
#include "store/slot_bits.hpp"

namespace groot::store {

class Doubt {
 public:
  // Of nothing yet.
  void begin();
  // `number`: of the journal entry by which the value came to be here; 0: unknown.
  void add(Slot slot, std::uint64_t number);
  void end() { *this = {}; }

  [[nodiscard]] bool active() const { return active_; }
  [[nodiscard]] bool about(Slot slot) const { return active_ && slots_.test(slot); }
  // Written anew, or shown by somebody, or gone.
  void resolve(Slot slot) { slots_.clear(slot); }

  // Journal entries up to this number have reached the peer: of these it may prove something.
  void expect(PeerId peer, std::uint64_t level);
  // Its memory is still the one that it was: it proves something when it has shown all.
  void confirm(PeerId peer);
  void give_up(PeerId peer) { proofs_.erase(peer); }
  void give_up_all() { proofs_.clear(); }
  // The level of a peer whose memory is confirmed.
  [[nodiscard]] std::optional<std::uint64_t> proves(PeerId peer) const;

  [[nodiscard]] bool is_up_to(Slot slot, std::uint64_t level) const {
    return numbers_[slot] <= level;
  }
  // Nobody can prove anything of what has a later number.
  [[nodiscard]] std::uint64_t level_max() const;

  // Peers are awaited from the first one on that is there.
  void peer_came(std::int64_t monotonic_ms);
  // Monotonic: when no peer is awaited any more.
  [[nodiscard]] std::optional<std::int64_t> waits_until_ms() const { return waits_until_ms_; }

 private:
  struct Proof {
    std::uint64_t level = 0;
    bool confirmed = false;
  };

  bool active_ = false;
  std::optional<std::int64_t> waits_until_ms_;
  std::map<PeerId, Proof> proofs_;
  SlotBits slots_;
  std::vector<std::uint64_t> numbers_;  // by slot
};

}  // namespace groot::store
