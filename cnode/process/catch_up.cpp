#include "cnode/process/catch_up.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "cnode/process/limits.hpp"

namespace groot::process {

void CatchUp::begin(Peer& peer, const Now& now) {
  Supply& supply = supplies_[peer.link];
  if (!supply.awaits_room) advance(peer, supply, now);
}

void CatchUp::begin_state(Peer& peer, const Now& now) {
  supplies_[peer.link].state_asked = true;
  replica_.lacks_everything(peer.id);
  begin(peer, now);
}

void CatchUp::room(LinkId link, const Now& now) {
  const auto found = supplies_.find(link);
  Peer* const peer = peers_.find(link);
  if (found == supplies_.end() || peer == nullptr) return;
  found->second.awaits_room = false;
  found->second.bytes = found->second.map.size();
  advance(*peer, found->second, now);
}

void CatchUp::advance(Peer& peer, Supply& supply, const Now& now) {
  const std::size_t turn_bytes = std::min(catch_up_turn_bytes, piece_bytes_);
  const store::TakenLacking taken =
      replica_.take_lacking(peer.id, catch_up_turn_registers, turn_bytes);
  // A term has no key twice.
  if (taken.anew) end_map(peer, supply, now);
  const bool few = supply.map.empty() && taken.registers.size() <= singles_max;
  if (few && !taken.more) {
    for (const auto& reg : taken.registers) send(peer, supply, encode_update(reg), now);
  } else {
    add(peer, supply, taken.registers, now);
  }
  if (taken.withheld > 0) {
    outbox_.log(LogLine::Level::warning, peer.name() + " is not sent " +
                                             std::to_string(taken.withheld) +
                                             " registers: their keys are lists");
  }
  if (taken.more) {
    // One turn more could be too much: what stands around keys and values counts, too.
    if (supply.bytes + 2 * turn_bytes > piece_bytes_) end_map(peer, supply, now);
    return await_room(peer, supply);
  }
  end_map(peer, supply, now);
  if (supply.state_asked) send(peer, supply, encode_updates({}), now);
  if (supply.bytes > catch_up_unpaced_bytes) await_room(peer, supply);
  sent_(peer, now);
}

void CatchUp::add(Peer& peer, Supply& supply, const std::vector<store::RegisterPtr>& registers,
                  const Now& now) {
  for (const auto& reg : registers) {
    if (is_large(*reg)) {
      send(peer, supply, encode_update(reg), now);
      continue;
    }
    const std::size_t before = supply.map.size();
    supply.map.add(*reg);
    supply.bytes += supply.map.size() - before;
  }
}

void CatchUp::end_map(Peer& peer, Supply& supply, const Now& now) {
  if (supply.map.empty()) return;
  supply.bytes -= supply.map.size();
  send(peer, supply, supply.map.take(), now);
}

void CatchUp::await_room(const Peer& peer, Supply& supply) {
  supply.awaits_room = true;
  outbox_.act(AwaitRoom{peer.link});
}

void CatchUp::send(Peer& peer, Supply& supply, SharedMessage message, const Now& now) {
  supply.state_asked = false;
  supply.bytes += message.size();
  peer.registers_sent_ms = now.monotonic_ms;
  const ServedPid sender = sender_of(message);
  outbox_.send_to_name(peer.link, sender, storage_name, std::move(message));
}

}  // namespace groot::process
