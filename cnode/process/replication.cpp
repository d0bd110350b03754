#include "cnode/process/replication.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include "cnode/process/limits.hpp"
#include "cnode/process/register_codec.hpp"
#include "ei_codec/term_decode.hpp"

namespace groot::process {
namespace {

using Registers = std::vector<store::RegisterPtr>;

// A list key kills a stock storage process.
bool may_be_sent(const Peer& peer, const store::Register& reg) {
  return peer.is_ours() || !reg.key_is_list();
}

// Merging does not depend on order, so what is written meanwhile need not wait behind a large
// register. Large ones follow each other: a peer never puts many together at once.
ServedPid sender_of(const SharedMessage& message) {
  return message.size() > lone_message_bytes_min ? ServedPid::large_updates : ServedPid::storage;
}

Registers allowed(const Peer& peer, std::span<const store::RegisterPtr> registers) {
  Registers kept;
  kept.reserve(registers.size());
  for (const auto& reg : registers) {
    if (may_be_sent(peer, *reg)) kept.push_back(reg);
  }
  return kept;
}

// One effect list may write a key twice (set, then expired): a map holds the last one only.
Registers last_of_each_key(Registers registers) {
  std::set<std::string_view> seen;
  Registers kept;
  for (auto reg = registers.rbegin(); reg != registers.rend(); ++reg) {
    if (seen.insert(ei_codec::as_text((*reg)->key())).second) kept.push_back(*reg);
  }
  std::ranges::reverse(kept);
  return kept;
}

// The messages for these registers: single updates for up to `singles` and for large ones, whole
// maps for more.
std::vector<SharedMessage> encode(std::span<const store::RegisterPtr> registers,
                                  std::size_t singles = singles_max) {
  std::vector<SharedMessage> messages;
  if (registers.size() <= singles) {
    for (const auto& reg : registers) messages.push_back(encode_update(reg));
    return messages;
  }
  std::size_t begin = 0;
  std::size_t bytes = 0;
  const auto end_map = [&](std::size_t end) {
    if (end > begin) messages.push_back(encode_updates(registers.subspan(begin, end - begin)));
    begin = end;
    bytes = 0;
  };
  for (std::size_t i = 0; i < registers.size(); ++i) {
    if (is_large(*registers[i])) {
      end_map(i);
      messages.push_back(encode_update(registers[i]));
      begin = i + 1;
      continue;
    }
    const std::size_t size = registers[i]->key().size() + register_bytes_max(*registers[i]);
    if (bytes + size > update_bytes_max) end_map(i);
    bytes += size;
  }
  end_map(registers.size());
  return messages;
}

// `peer` is the one that the report is about; null when it is about none, or that one is gone.
std::string text_of(const store::Report& report, const Peer* peer) {
  if (peer) return peer->name() + " " + report.detail;
  if (report.peer != 0) return "a peer that is gone " + report.detail;
  if (!report.reg) return report.detail;
  const auto key = decode_term(ei_codec::ScannedTerm::trusted(report.reg->key()));
  std::string text = key ? to_text(*key) : key.error().text();
  if (text.size() > logged_key_bytes_max) text = text.substr(0, logged_key_bytes_max) + "...";
  return report.detail + ": " + text;
}

}  // namespace

void Replication::perform(store::Effects effects, const Now& now) {
  outbox_.expect(effects.size());
  // By where they came from; nearly always one list of one register.
  std::map<store::PeerId, Registers> broadcasts;
  for (store::Effect& effect : effects) {
    if (auto* all = std::get_if<store::SendToAll>(&effect)) {
      broadcasts[all->except].push_back(std::move(all->reg));
    } else if (const auto* one = std::get_if<store::SendTo>(&effect)) {
      Peer* peer = peers_.find_id(one->peer);
      if (peer && peer->replicates()) send(*peer, allowed(*peer, one->registers), now);
    } else if (const auto* over = std::get_if<store::Reclaim>(&effect)) {
      reclaim(*over, now);
    } else if (auto* changed = std::get_if<store::Changed>(&effect)) {
      outbox_.act(Notify{std::move(changed->reg)});
    } else if (const auto* report = std::get_if<store::Report>(&effect)) {
      outbox_.log(LogLine::Level::warning, text_of(*report, peers_.find_id(report->peer)));
    }
  }
  for (auto& [except, registers] : broadcasts) broadcast(std::move(registers), except, now);
}

// The peer may have come back as another version meanwhile.
void Replication::reclaim(const store::Reclaim& over, const Now& now) {
  Peer* peer = peers_.find_id(over.peer);
  if (!peer || !peer->replicates() || peer->kind != store::PeerKind::stock_with_delete) return;
  send_message(*peer, encode_delete(*over.reg), now);
}

void Replication::broadcast(Registers registers, store::PeerId except, const Now& now) {
  if (registers.size() > singles_max) registers = last_of_each_key(std::move(registers));
  // A stock peer holds about as much as this node.
  const std::size_t singles = std::max(singles_max, replica_.size() / held_per_single);
  const bool same_for_all =
      (registers.size() <= singles_max || registers.size() > singles) &&
      std::ranges::none_of(registers, [](const auto& reg) { return reg->key_is_list(); });
  struct Audience {
    std::vector<LinkId> links;
    std::vector<SharedMessage> messages;
  };
  Audience ours;
  Audience stock;
  for (auto& [link, peer] : peers_.all()) {
    if (!peer.replicates() || peer.id == except) continue;
    const bool as_ours = peer.is_ours() || same_for_all;
    Audience& audience = as_ours ? ours : stock;
    if (audience.links.empty()) {
      audience.links.reserve(peers_.all().size());
      audience.messages = as_ours ? encode(registers) : encode(allowed(peer, registers), singles);
    }
    audience.links.push_back(link);
    if (!audience.messages.empty()) peer.registers_sent_ms = now.monotonic_ms;
  }
  for (Audience* audience : {&ours, &stock}) {
    auto& [links, messages] = *audience;
    for (const SharedMessage& message : messages) {
      const bool last = &message == &messages.back();
      outbox_.send_to_name(last ? std::move(links) : std::vector(links), sender_of(message),
                           storage_name, message);
    }
  }
}

void Replication::send(Peer& peer, std::span<const store::RegisterPtr> registers, const Now& now) {
  if (registers.empty()) return;
  for (const SharedMessage& message : encode(registers)) send_message(peer, message, now);
}

void Replication::send_message(Peer& peer, const SharedMessage& message, const Now& now) {
  peer.registers_sent_ms = now.monotonic_ms;
  outbox_.send_to_name(peer.link, sender_of(message), storage_name, message);
}

void Replication::push_full_state(Peer& peer, const Now& now) {
  store::Effects effects;
  const Registers state = replica_.full_state_for(peer.id, effects);
  perform(std::move(effects), now);
  send(peer, allowed(peer, state), now);
}

void Replication::send_chunk(Peer& peer, std::span<const store::RegisterPtr> registers,
                             const Now& now) {
  peer.registers_sent_ms = now.monotonic_ms;
  for (SharedMessage& message : encode(registers)) {
    outbox_.send_to_name(peer.link, ServedPid::exchange, storage_name, std::move(message));
  }
}

void Replication::cast_state(Peer& peer, const Now& now) {
  Registers state;
  state.reserve(replica_.size());
  replica_.for_each_certain([&](const store::RegisterPtr& reg) {
    if (may_be_sent(peer, *reg)) state.push_back(reg);
  });
  if (state.empty()) {
    send_message(peer, encode_updates({}), now);
  } else {
    send(peer, state, now);
  }
}

}  // namespace groot::process
