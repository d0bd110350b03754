#include "cnode/process/replication.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

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

// Whom a line about it counts for: see LogLine.
std::string source_of(const store::Report& report, const Peer* peer) {
  if (peer) return peer->name();
  return report.cause == store::Report::Cause::list_key ? "keys that are lists" : "";
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
  // By where they came from; nearly always one list of one register, which takes no map.
  std::optional<std::pair<store::PeerId, bool>> first_from;
  Registers first;
  std::map<std::pair<store::PeerId, bool>, Registers> broadcasts;
  Registers for_ours;
  std::set<store::PeerId> lacking;
  for (store::Effect& effect : effects) {
    if (auto* all = std::get_if<store::SendToAll>(&effect)) {
      const std::pair from(all->except, all->deleted_there);
      if (!all->ours_only && !first_from) first_from = from;
      Registers& list = all->ours_only ? for_ours : from == first_from ? first : broadcasts[from];
      list.push_back(std::move(all->reg));
    } else if (const auto* one = std::get_if<store::Lacks>(&effect)) {
      lacking.insert(one->peer);
    } else if (auto* over = std::get_if<store::Reclaim>(&effect)) {
      reclaimer_.add(over->peer, std::move(over->reg), now);
    } else if (auto* changed = std::get_if<store::Changed>(&effect)) {
      outbox_.act(Notify{std::move(changed->reg)});
    } else if (const auto* report = std::get_if<store::Report>(&effect)) {
      const Peer* const peer = peers_.find_id(report->peer);
      outbox_.act(
          LogLine{LogLine::Level::warning, text_of(*report, peer), source_of(*report, peer)});
    }
  }
  if (first_from) broadcast(std::move(first), first_from->first, first_from->second, now);
  for (auto& [from, registers] : broadcasts) {
    broadcast(std::move(registers), from.first, from.second, now);
  }
  if (!for_ours.empty()) {
    for (auto& [link, peer] : peers_.all()) {
      if (peer.is_ours()) send(peer, for_ours, now);
    }
  }
  for (const store::PeerId id : lacking) catch_up(id, now);
}

void Replication::catch_up(store::PeerId id, const Now& now) {
  Peer* const peer = peers_.find_id(id);
  if (peer != nullptr && peer->replicates()) {
    catch_up_.begin(*peer, now);
  } else {
    replica_.forget_lacking(id);
  }
}

void Replication::broadcast(Registers registers, store::PeerId except, bool deleted_there,
                            const Now& now) {
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
  const Peer* const deleter = deleted_there ? peers_.find_id(except) : nullptr;
  for (auto& [link, peer] : peers_.all()) {
    if (!peer.replicates() || peer.id == except) continue;
    // It may have written the key again since, with a slower clock than ours: a nil of ours would
    // be above that. Should it not have heard of the delete, its next state shows that.
    if (deleter != nullptr && peer.kind == store::PeerKind::stock_with_delete &&
        std::ranges::binary_search(deleter->sees, peer.name())) {
      continue;
    }
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
  peer.registers_sent_ms = now.monotonic_ms;
  for (SharedMessage& message : encode(registers)) {
    const ServedPid sender = sender_of(message);
    outbox_.send_to_name(peer.link, sender, storage_name, std::move(message));
  }
}

void Replication::push_full_state(Peer& peer, const Now& now) {
  replica_.lacks_everything(peer.id);
  catch_up_.begin(peer, now);
}

void Replication::send_chunk(Peer& peer, std::span<const store::RegisterPtr> registers,
                             const Now& now) {
  peer.registers_sent_ms = now.monotonic_ms;
  for (SharedMessage& message : encode(registers)) {
    outbox_.send_to_name(peer.link, ServedPid::exchange, storage_name, std::move(message));
  }
}

void Replication::pass_on(const Peer& from, Registers registers) {
  if (registers.empty()) return;
  if (registers.size() > singles_max) registers = last_of_each_key(std::move(registers));
  for (SharedMessage& message : encode(registers)) {
    const ServedPid sender = sender_of(message);
    outbox_.send_to_name(from.passed_on_to, sender, storage_name, std::move(message));
  }
}

void Replication::compare_tombstones(const Now& now) {
  std::int64_t ttl_ms = replica_.tombstone_ttl_ms();
  for (const auto& [link, peer] : peers_.all()) {
    if (peer.exchanges) ttl_ms = std::min(ttl_ms, peer.hello->tombstone_ttl_ms);
  }
  replica_.compare_tombstones_for(ttl_ms, now);
}

void Replication::cast_state(Peer& peer, const Now& now) {
  catch_up_.begin_state(peer, now);
}

void Replication::forget_left(const Now& now) {
  const std::int64_t since_ms = now.monotonic_ms - replica_.tombstone_ttl_ms();
  for (const store::PeerId id : peers_.forget_left(since_ms)) replica_.peer_down(id);
}

std::optional<std::int64_t> Replication::next_forget_ms() const {
  const auto left_ms = peers_.first_left_ms();
  return left_ms ? std::optional(*left_ms + replica_.tombstone_ttl_ms()) : std::nullopt;
}

}  // namespace groot::process
