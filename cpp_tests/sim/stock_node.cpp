// The Groot half of a stock node; the BEAM half is in stock_beam.cpp.
#include "cpp_tests/sim/stock_node.hpp"

#include <algorithm>
#include <utility>

#include "cnode/process/gen_message.hpp"
#include "cnode/process/replication.hpp"
#include "cnode/process/term_append.hpp"
#include "cnode/process/timestamp_codec.hpp"
#include "ei_codec/term_encode.hpp"

namespace groot::sim {
namespace {

using ei_codec::ScannedTerm;
using ei_codec::TermReader;

constexpr Ms clock_sync_interval = 3'000;
constexpr Ms clock_tick_interval = 150'000;
// Elixir's supervisor: at most three restarts in five seconds.
constexpr std::size_t restarts_max = 3;
constexpr Ms restarts_period = 5'000;
constexpr Ms groot_down_min = 2'000;
constexpr Ms groot_down_max = 15'000;
constexpr Ms restart_max = 20;
// Percent of the starts of a node that are with another version.
constexpr int upgrades = 20;

Bytes encode_delete(const Bytes& key) {
  Bytes out;
  process::append_cast(out, "propagate_delete");
  process::append_bytes(out, key);
  return out;
}

Bytes encode_clock(const Timestamp& stamp) {
  Bytes out;
  process::append_cast(out, "sync_remote_clock");
  process::append_timestamp(stamp, out);
  return out;
}

}  // namespace

StockNode::StockNode(Schedule& schedule, Network& network, Trace& trace, Promises& promises,
                     Random random, std::string name, StockVersion version,
                     std::function<void()> data_lost)
    : Node(schedule, std::move(name), true),
      schedule_(schedule),
      network_(network),
      trace_(trace),
      promises_(promises),
      random_(random),
      version_(version),
      data_lost_(std::move(data_lost)),
      clock_(version == StockVersion::v0_1, 0, 0) {}

void StockNode::start() {
  alive_ = true;
  if (++creation_ > 1 && random_.chance(upgrades)) {
    version_ = stock_versions[random_.index(stock_versions.size())];
  }
  start_groot();
}

void StockNode::crash() {
  alive_ = false;
  running_ = false;
  storage_up_ = false;
  storage_.clear();
  peers_.clear();
  monitors_.clear();
  taps_.clear();
}

void StockNode::start_groot() {
  running_ = true;
  ++starts_;
  deaths_.clear();
  clock_ = StockClock(version_ == StockVersion::v0_1, random_.next(), now().wall_ms);
  start_storage();
  schedule_clock_sync();
  schedule_clock_tick();
}

void StockNode::start_storage() {
  storage_up_ = true;
  ++storage_id_;
  reductions_ = 1;
  schedule_sync();
}

void StockNode::kill_storage() {
  storage_.clear();
  taps_.clear();
  storage_up_ = false;
  if (trace_.is_told()) trace_.tell(name() + ": the storage process dies");
  std::erase_if(deaths_, [this](Ms at) { return at + restarts_period < schedule_.now(); });
  deaths_.push_back(schedule_.now());
  running_ = deaths_.size() <= restarts_max;
  for (const Monitor& monitor : std::exchange(monitors_, {})) {
    send(monitor.link,
         dist::MonitorPExit{monitor.wanted.to, monitor.wanted.from, monitor.wanted.ref},
         encode_term(ei_codec::atom("killed")));
  }
  data_lost_();
  if (running_) {
    later(random_.between(0, restart_max), [this] { start_storage(); });
  } else {
    if (trace_.is_told()) trace_.tell(name() + ": Groot is down");
    later(random_.between(groot_down_min, groot_down_max), [this] { start_groot(); });
  }
}

// Its clock has ticked all the while, and none of its stamps was far from the one before.
void StockNode::time_passed() {
  if (running_) clock_.tick(now().wall_ms);
}

// ---- timers ----

void StockNode::schedule_sync() {
  later(10'000 + 1'000 * random_.between(1, 10), [this, storage = storage_id_] {
    if (!storage_up_ || storage != storage_id_) return;
    ++reductions_;
    abcast(storage_.encode_state());
    schedule_sync();
  });
}

void StockNode::schedule_clock_sync() {
  later(clock_sync_interval, [this, starts = starts_] {
    if (!running_ || starts != starts_) return;
    std::vector<LinkId> visible;
    for (const auto& [link, peer] : peers_) {
      if (peer.visible) visible.push_back(link);
    }
    // A stamp that the clock refuses ends the process, which is restarted and holds nothing.
    const auto stamp = visible.empty() ? std::nullopt : clock_.send(now().wall_ms);
    if (stamp) {
      send(visible[random_.index(visible.size())],
           dist::RegSend{storage_pid(), "Elixir.Groot.ClockSync"}, encode_clock(*stamp));
    }
    schedule_clock_sync();
  });
}

void StockNode::schedule_clock_tick() {
  later(clock_tick_interval, [this, starts = starts_] {
    if (!running_ || starts != starts_) return;
    (void)clock_.send(now().wall_ms);
    schedule_clock_tick();
  });
}

// ---- users ----

void StockNode::set(const Bytes& key, const Bytes& value) {
  ++reductions_;
  // Two stamps where one is needed, for a key that is held.
  auto stamp = clock_.send(now().wall_ms);
  if (stamp && storage_.find(key) != nullptr) stamp = clock_.send(now().wall_ms);
  if (!stamp) {
    kill_storage();
    return;
  }
  const StockRegister* held = storage_.find(key);
  // With a slow clock it overwrites a later version, and may have been the last to hold that.
  const bool overwrites_later = held != nullptr && held->stamp > *stamp;
  const std::set<Timestamp>& versions = storage_.versions(key);
  if (!versions.empty() && *versions.rbegin() > *stamp) promises_.written_slowly(key, *stamp);
  storage_.set(key, value, *stamp);
  if (trace_.is_told()) {
    trace_.tell(name() + " writes " + text_of(key) + " = " + text_of(value) + " @ " +
                to_text(*stamp));
  }
  promises_.written(key, *stamp, value, std::nullopt);
  promises_.acknowledged(key, *stamp);
  if (overwrites_later) data_lost_();
  const Bytes update = StockStorage::encode_update(*storage_.find(key));
  abcast(update);
  tell_taps(update);
}

void StockNode::erase(const Bytes& key) {
  ++reductions_;
  if (trace_.is_told()) trace_.tell(name() + " deletes " + text_of(key));
  forget(key);
  const Bytes deletion = encode_delete(key);
  abcast(deletion);
  tell_taps(deletion);
}

void StockNode::forget(const Bytes& key) {
  promises_.deleted_without_stamp(key, storage_.versions(key));
  storage_.forget(key);
  data_lost_();
}

// A node of ours takes it for deletes.
void StockNode::wipe() {
  ++reductions_;
  if (trace_.is_told()) trace_.tell(name() + " is wiped");
  const std::map<Bytes, StockRegister> wiped = storage_.registers();
  for (const auto& [key, reg] : wiped) {
    promises_.deleted_without_stamp(key, storage_.versions(key));
    storage_.forget(key);
  }
  data_lost_();
  for (const auto& [link, tap] : taps_) {
    if (tap.tells_wipes) cast_state(link);
  }
}

std::optional<Bytes> StockNode::read(const Bytes& key) const {
  const StockRegister* reg = storage_.find(key);
  if (reg == nullptr || ei_codec::same_bytes(reg->value, store::nil_value())) return std::nullopt;
  return reg->value;
}

// ---- messages ----

void StockNode::abcast(const Bytes& message) {
  for (const auto& [link, peer] : peers_) {
    if (peer.visible) send_to_storage(link, message);
  }
}

// A tap is a fun in the storage process; it takes itself out when its link is gone.
void StockNode::tell_taps(const Bytes& message) {
  for (const auto& [link, tap] : taps_) send_to_storage(link, message);
}

void StockNode::send_to_storage(LinkId link, const Bytes& message) {
  send(link, dist::RegSend{storage_pid(), std::string(process::storage_name)}, message);
}

void StockNode::cast_state(LinkId link) {
  send_to_storage(link, storage_.encode_state());
}

void StockNode::fatal(LinkId sender, const std::string& what) {
  const auto peer = peers_.find(sender);
  if (peer != peers_.end() && peer->second.ours) {
    throw Violation(peer->second.name + " sent " + what + " to " + name() + ", which dies of it");
  }
  kill_storage();
}

void StockNode::storage_message(LinkId link, ByteView message) {
  TermReader reader(ScannedTerm::trusted(message));
  ++reductions_;
  if (reader.take_tuple() == 2U) {
    if (reader.take_atom("nodeup")) {
      const auto node = reader.take_any_atom();
      for (const auto& [peer_link, peer] : peers_) {
        if (peer.name == node) cast_state(peer_link);
      }
      return;
    }
    if (reader.take_atom("$gen_cast")) {
      storage_cast(link, reader);
      return;
    }
  }
  // Every other plain message is ignored; a call is none.
  TermReader again(ScannedTerm::trusted(message));
  if (again.take_tuple() == 3U && again.take_atom("$gen_call")) fatal(link, "a call");
}

void StockNode::storage_cast(LinkId link, TermReader& reader) {
  if (reader.take_tuple() != 2U) return fatal(link, "an unknown cast");
  if (reader.take_atom("update_register")) {
    auto reg = read_stock_register(reader);
    if (!reg) return fatal(link, "a register that is none");
    // It dies at its next full merge.
    if (reg->key_is_list()) return fatal(link, "the list key " + text_of(reg->key));
    storage_.update(std::move(*reg));
  } else if (reader.take_atom("update_registers")) {
    const auto count = reader.take_map();
    if (!count) return fatal(link, "registers that are no map");
    for (std::uint32_t i = 0; i < *count; ++i) {
      reader.take_term();
      auto reg = read_stock_register(reader);
      if (!reg) return fatal(link, "a register that is none");
      if (reg->key_is_list()) return fatal(link, "the list key " + text_of(reg->key));
      merge(link, std::move(*reg));
    }
  } else if (has_delete() && reader.take_atom("propagate_delete")) {
    const ByteView key = reader.take_term().bytes();
    propagated(link, {key.begin(), key.end()});
  } else {
    fatal(link, "a cast that version does not know");
  }
}

void StockNode::merge(LinkId link, StockRegister reg) {
  const StockRegister* held = storage_.find(reg.key);
  const auto peer = peers_.find(link);
  const bool among_stock = peer != peers_.end() && !peer->second.ours;
  if (among_stock && (held == nullptr || reg.stamp > held->stamp)) {
    promises_.given_among_stock(reg.key, reg.stamp, held == nullptr ? Timestamp{} : held->stamp);
  }
  storage_.merge(std::move(reg));
}

// A delete that a user asked for at another stock node.
void StockNode::propagated(LinkId link, const Bytes& key) {
  if (trace_.is_told()) trace_.tell(name() + " is told to delete " + text_of(key));
  const auto peer = peers_.find(link);
  if (peer != peers_.end() && peer->second.ours) {
    throw Violation(peer->second.name + " sent a delete without a stamp to " + name());
  }
  if (const StockRegister* held = storage_.find(key); held != nullptr) {
    promises_.work.forgotten_by_stock(key, held->value);
  }
  forget(key);
}

void StockNode::clock_cast(LinkId link, ByteView message) {
  TermReader reader(ScannedTerm::trusted(message));
  const bool is_cast = reader.take_tuple() == 2U && reader.take_atom("$gen_cast") &&
                       reader.take_tuple() == 2U && reader.take_atom("sync_remote_clock");
  const auto stamp = is_cast ? std::optional(process::read_timestamp(reader)) : std::nullopt;
  if (!stamp || !*stamp) return fatal(link, "no clock");
  clock_.receive(**stamp, now().wall_ms);
  if (clock_.is_full()) fatal(link, "a stamp that fills the counter");
}

}  // namespace groot::sim
