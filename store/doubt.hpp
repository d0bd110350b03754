// After an absence longer than tombstones live: which restored values may have been deleted in the
// cluster meanwhile, and what decides that.
//
// Where the cluster's memory goes on, what it no longer has was deleted there. It goes on where a
// peer has been up since before this node left, or where anybody holds a value from before that. A
// value that any peer shows, in whatever version, is in no doubt any more. Where every peer that
// has shown its state is younger than our absence and knows of nothing older, all memory but ours
// was lost: ours is kept. While a value is in doubt it is read here, and sent to nobody.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

#include "store/effects.hpp"
#include "store/slot_bits.hpp"
#include "store/timestamp.hpp"

namespace groot::store {

class Doubt {
 public:
  enum class Verdict { open, drop, keep };

  // `left_ms`: wall time when this node was last there.
  void begin(std::int64_t left_ms);
  void add(Slot slot) { slots_.set(slot); }
  void end() { *this = {}; }

  [[nodiscard]] bool active() const { return active_; }
  [[nodiscard]] bool about(Slot slot) const { return active_ && slots_.test(slot); }
  // Written anew, or shown by somebody, or gone.
  void resolve(Slot slot) { slots_.clear(slot); }

  // A peer holds a value with this stamp.
  void held_by(PeerId peer, const Timestamp& stamp);
  // A peer has been up since then (wall time); has shown all that it has, or all but what it doubts
  // itself, and then it says nothing of the cluster's memory. In either order.
  void peer_since(PeerId peer, std::int64_t since_ms);
  void peer_shown(PeerId peer, bool doubts, std::int64_t wall_ms);

  [[nodiscard]] Verdict verdict(std::int64_t wall_ms) const;
  // When `keep` is due, unless somebody says otherwise before.
  [[nodiscard]] std::optional<std::int64_t> keep_at_ms() const { return keep_at_ms_; }

 private:
  struct Peer {
    std::optional<std::int64_t> since_ms;
    bool shown = false;
    bool doubts = false;
  };

  bool active_ = false;
  std::int64_t left_ms_ = 0;
  bool memory_goes_on_ = false;
  bool state_shown_ = false;
  std::optional<std::int64_t> keep_at_ms_;
  std::map<PeerId, Peer> peers_;
  SlotBits slots_;
};

}  // namespace groot::store
