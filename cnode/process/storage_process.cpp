#include "cnode/process/storage_process.hpp"

#include <array>

#include "cnode/process/limits.hpp"
#include "cnode/process/register_codec.hpp"
#include "cnode/process/registers_reader.hpp"
#include "cnode/process/term_append.hpp"

namespace groot::process {
namespace {

using ei_codec::TermReader;

constexpr std::array<std::uint8_t, 4> encoded_ok{119, 2, 'o', 'k'};

// What an exchange brings is not: those that lack it hold exchanges of their own.
bool is_passed_on(const Peer& peer, const Delivery& delivery, std::uint32_t registers) {
  return !peer.passed_on_to.empty() && registers <= passed_on_max && delivery.from &&
         delivery.from->id != static_cast<std::uint32_t>(ServedPid::exchange);
}

}  // namespace

void StorageProcess::answer_write(const ReplyTo& to, const Result<void>& written, const Now& now) {
  if (!written || !saves_.waits()) return answer_result(to, written);
  saves_.when_saved(replica_.journal_end(), now, [this, to](const Result<void>& saved, const Now&) {
    answer_result(to, saved);
  });
}

void StorageProcess::answer_result(const ReplyTo& to, const Result<void>& result) {
  if (result) {
    answer(to, encoded_ok);
  } else {
    answer(to, error_reply(refusal_code(result.error()), result.error().text()));
  }
}

bool StorageProcess::on_call(const ReplyTo& from, ScannedTerm request, const Delivery&,
                             const Now& now) {
  TermReader reader(request);
  if (reader.take_atom("delete_all")) {
    requests_.delete_all(now);
    answer_write(from, {}, now);
    return true;
  }
  const auto arity = reader.take_tuple();
  if (!arity || *arity < 2 || *arity > 4) return false;
  if (*arity == 2 && reader.take_atom("get")) {
    const auto reg = requests_.get(reader.take_term(), now);
    if (reg && is_large(*reg)) {
      answer(from, value_message(reg));
    } else if (reg) {
      answer(from, reg->value());
    } else {
      answer(from, ei_codec::nil());
    }
    return true;
  }
  if (*arity == 2 && reader.take_atom("delete")) {
    answer_write(from, requests_.erase(reader.take_term(), now), now);
    return true;
  }
  if (*arity < 3 || !reader.take_atom("set")) return false;
  const ScannedTerm key = reader.take_term();
  const ScannedTerm value = reader.take_term();
  std::optional<ScannedTerm> expires_in;
  if (*arity == 4) expires_in = reader.take_term();
  answer_write(from, requests_.set(key, value, expires_in, now), now);
  return true;
}

bool StorageProcess::on_cast(ScannedTerm message, const Delivery& delivery, const Now& now) {
  TermReader reader(message);
  if (reader.take_tuple() != 2U) return false;
  if (reader.take_atom("update_register")) return update_register(reader, delivery, now);
  if (reader.take_atom("update_registers")) return update_registers(reader, delivery, now);
  if (!reader.take_atom("propagate_delete")) return false;
  return propagate_delete(reader.take_term(), delivery, now);
}

bool StorageProcess::update_register(TermReader& reader, const Delivery& delivery, const Now& now) {
  const auto reg = read_register(reader, key_scratch_);
  if (!reg) {
    skipped(delivery, 1, reg.error());
    return true;
  }
  const Peer* peer = peers_.find(delivery.link);
  store::Effects effects;
  if (peer && is_passed_on(*peer, delivery, 1)) {
    merge_and_pass_on(*peer, std::span(&*reg, 1), now, effects);
  } else if (peer && is_from_storage(*peer, delivery)) {
    replica_.merge_write(peer->id, *reg, now, effects);
  } else {
    replica_.merge(peer ? peer->id : 0, *reg, now, effects);
  }
  replication_.perform(std::move(effects), now);
  return true;
}

bool StorageProcess::merge_and_pass_on(const Peer& from,
                                       std::span<const store::RegisterView> registers,
                                       const Now& now, store::Effects& effects) {
  std::vector<store::RegisterPtr> news;
  for (const store::RegisterView& reg : registers) {
    const store::MergeOutcome merged = replica_.merge_pushed(from.id, reg, now, effects);
    if (!merged.changed || !merged.slot) continue;
    if (const auto* held = replica_.registers().at(*merged.slot)) news.emplace_back(held);
  }
  const bool changed = !news.empty();
  replication_.pass_on(from, std::move(news));
  return changed;
}

bool StorageProcess::is_from_storage(const Peer& peer, const Delivery& delivery) {
  return peer.is_stock() && peer.storage && delivery.from && *peer.storage == *delivery.from;
}

// A stock storage process only ever sends all that it has. The same message from any other process
// (a user's, a node of ours) says nothing about what it does not hold.
bool StorageProcess::is_complete_state(const Delivery& delivery, const Now& now) {
  const Peer* peer = peers_.find(delivery.link);
  if (!peer || !delivery.from) return false;
  const auto& last = peers_.last_storage(*peer);
  if (!peer->kind && last && last->pid == *delivery.from) hooks_.storage_spoke(*peer, *last, now);
  return is_from_storage(*peer, delivery);
}

bool StorageProcess::update_registers(TermReader& reader, const Delivery& delivery,
                                      const Now& now) {
  const auto count = reader.take_map();
  if (!count) return false;
  const Peer* peer = peers_.find(delivery.link);
  const store::PeerId id = peer ? peer->id : 0;
  const bool complete = is_complete_state(delivery, now);
  const bool passed_on = peer && is_passed_on(*peer, delivery, *count);
  store::Effects effects;
  const bool again = complete && replica_.begin_full_state(id);
  bool news = false;
  RegistersReader::Repeated repeated;
  if (again) {
    repeated = [&](ByteView ahead, std::size_t place, std::size_t count_max) {
      return replica_.merge_repeated(id, ahead, place, count_max);
    };
  }
  RegistersReader registers(reader, *count, std::move(repeated));
  replica_.reserve(registers.left());
  for (auto batch = registers.next(); !batch.empty(); batch = registers.next()) {
    const auto pairs = again ? registers.pairs() : std::span<const store::ShownPair>();
    const bool changed = complete    ? replica_.merge_full_state(id, batch, now, effects, pairs)
                         : passed_on ? merge_and_pass_on(*peer, batch, now, effects)
                                     : replica_.merge(id, batch, now, effects);
    news = news || changed;
  }
  // A register that could not be read is not absent: no conclusions from such a state.
  if (complete && registers.malformed() == 0) {
    const bool changed = replica_.end_full_state(id, now, effects);
    news = news || changed;
  }
  if (registers.malformed() > 0) {
    skipped(delivery, registers.malformed(), registers.first_error());
  }
  replication_.perform(std::move(effects), now);
  if (complete) hooks_.full_state_merged(delivery.link, news, now);
  return true;
}

bool StorageProcess::propagate_delete(ScannedTerm key, const Delivery& delivery, const Now& now) {
  const auto canonical = canonical_key(key, key_scratch_);
  if (!canonical) {
    skipped(delivery, 1, canonical.error());
    return true;
  }
  const Peer* peer = peers_.find(delivery.link);
  store::Effects effects;
  replica_.delete_unstamped(peer ? peer->id : 0, *canonical, now, effects);
  replication_.perform(std::move(effects), now);
  return true;
}

void StorageProcess::on_info(const Delivery& delivery, const Now& now) {
  TermReader reader(delivery.message);
  if (reader.take_atom("sync_timeout")) {
    for (auto& [link, peer] : peers_.all()) {
      if (peer.replicates()) replication_.cast_state(peer, now);
    }
    return;
  }
  if (reader.take_tuple() != 2U || !reader.take_atom("nodeup")) return;
  const auto node = reader.take_any_atom();
  Peer* peer = node ? peers_.find(*node) : nullptr;
  if (peer) replication_.cast_state(*peer, now);
}

void StorageProcess::skipped(const Delivery& delivery, std::uint32_t count, const Error& why) {
  outbox().log_repeated(delivery.peer, "register",
                        "skipped " + std::to_string(count) + " malformed of " +
                            std::string(delivery.peer) + "'s registers: " + why.text());
}

std::vector<ei_codec::Term> StorageProcess::status() const {
  std::vector<ei_codec::Term> status = saves_.status();
  if (!status.empty()) status.push_back(kept_peers_.behind());
  if (const std::size_t refused = replica_.refused_stamps(); refused > 0) {
    status.push_back(ei_codec::tuple(
        {ei_codec::charlist("Refused stamps"), ei_codec::unsigned_integer(refused)}));
  }
  if (const auto jumped_ms = replica_.wall_time().jumped_ms()) {
    status.push_back(ei_codec::tuple(
        {ei_codec::charlist("Clock"), ei_codec::tuple({ei_codec::atom("jumped_ms"), *jumped_ms})}));
  }
  return status;
}

void StorageProcess::append_state(Bytes& out) const {
  std::vector<store::RegisterPtr> registers;
  registers.reserve(replica_.size());
  replica_.for_each([&](const store::RegisterPtr& reg) { registers.push_back(reg); });
  append_map(out, 2);
  append_atom(out, "registers");
  append_registers(registers, out);
  append_atom(out, "table");
  append_atom(out, storage_name);
}

}  // namespace groot::process
