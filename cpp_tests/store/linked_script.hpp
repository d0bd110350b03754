// A script with one peer.
#pragma once

#include "cpp_tests/store/script.hpp"
#include "store/limits.hpp"

namespace groot::store::testing {

inline constexpr PeerId peer = 7;
inline constexpr PeerKind kinds[] = {PeerKind::stock_without_delete, PeerKind::stock_with_delete,
                                     PeerKind::ours};

// Past the time in which a write may be on its way.
inline void settle(Script& s) {
  s.pass(correction_grace_ms);
  s.effects.clear();
}

struct Linked : Script {
  explicit Linked(PeerKind kind) { replica.peer_up(peer, kind, now); }
};

}  // namespace groot::store::testing
