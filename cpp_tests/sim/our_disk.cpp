// A node of ours with a disk: what its users are answered, what a crash leaves, what the next life
// begins with. Stands in for cnode/io/core and the thread of cnode/disk/committer.
#include <algorithm>
#include <utility>

#include "cnode/process/replication.hpp"
#include "cnode/process/term_append.hpp"
#include "cpp_tests/sim/our_node.hpp"
#include "ei_codec/term_encode.hpp"
#include "ei_codec/term_reader.hpp"

namespace groot::sim {
namespace {

// From a change to its commit, and what the commit may take: with async not over loss_max.
constexpr Ms commit_delay = 20;
constexpr Ms commit_max = 25;
constexpr Ms loss_max = 50;
constexpr Ms alive_interval = 60'000;

dist::Pid user() {
  return {{"user@h"}, 1, 0, 1};
}

}  // namespace

void OurNode::call(Bytes request, Call made) {
  const std::uint64_t number = ++calls_;
  Bytes message;
  process::append_tuple(message, 3);
  process::append_atom(message, "$gen_call");
  process::append_tuple(message, 2);
  ei_codec::encode_term(ei_codec::Term(user()), message);
  process::append_unsigned(message, number);
  process::append_bytes(message, request);
  const auto entry = unanswered_.emplace(number, std::move(made)).first;
  calling_ = &entry->second;
  dist::Frame frame{dist::RegSend{user(), std::string(process::storage_name)}, std::nullopt};
  frame.message = ei_codec::scan_whole_term(message).value();
  life_->router->receive(user_link, frame, now());
  settle();
  calling_ = nullptr;
}

// {Number, ok}. What else the node asks of the user's node is never answered.
void OurNode::answered(const process::SendFrame& frame) {
  const auto* to = std::get_if<dist::Send>(&frame.control);
  if (!to || to->to != user()) return;
  Bytes message;
  frame.message.append_to(message);
  ei_codec::TermReader reader(ei_codec::ScannedTerm::trusted(message));
  std::uint64_t number = 0;
  const bool is_answer = reader.take_tuple() == 2U && reader.take_uint64(number);
  const auto call = is_answer ? unanswered_.extract(number) : decltype(unanswered_)::node_type();
  if (!call) throw Violation(name() + " answers what nobody asked");
  const auto& [key, value, stamp] = call.mapped();
  if (!reader.take_atom("ok")) throw Violation(name() + " refuses a write of " + text_of(key));
  if (key.empty()) return;  // delete_all
  promises_.acknowledged(key, stamp);
  Acknowledged& last = acknowledged_[key];
  if (last.stamp <= stamp) last = {stamp, schedule_.now()};
}

void OurNode::restore() {
  disk_.load_into(life_->replica, options_.tombstone_ttl, now());
  life_->witness.last_issued = last_to_beat();
  life_->replica.for_each(
      [this](const store::RegisterPtr& reg) { promises_.restored(life_->witness, *reg, now()); });
  const auto may_be_lost = [this](const Acknowledged& write) {
    return options_.saving == process::Saving::async && write.at + loss_max > crashed_at_;
  };
  std::erase_if(acknowledged_, [&](const auto& entry) {
    const auto& [key, write] = entry;
    const auto held = life_->witness.held.find(key);
    if (held != life_->witness.held.end() && held->second >= write.stamp) return false;
    if (may_be_lost(write)) return true;
    throw Violation(name() + " has lost what it acknowledged: " + text_of(key) + " @ " +
                    to_text(write.stamp));
  });
  note_alive_later();
}

// What every stamp of the next life has to be above: all that the last one issued, where wall time
// tells, or the file, how long that went on. A disk that is implausibly ahead tells nothing.
Timestamp OurNode::last_to_beat() const {
  const Ms wall_ms = now().wall_ms;
  const disk::Marks& marks = disk_.marks();
  const bool set_back = wall_ms < marks.alive_ms;
  const Ms known_ms = std::max(static_cast<Ms>(marks.clock.time_ms), set_back ? marks.alive_ms : 0);
  if (known_ms - wall_ms > store::drift_max_ms) return {};
  const bool told = set_back ? crash_.wall_ms <= marks.alive_ms + alive_interval
                             : crash_.wall_ms + store::clock_unsaved_max_ms < wall_ms;
  return told && !crash_.beside_its_clock ? std::max(crash_.issued, disk_.issued())
                                          : disk_.issued();
}

std::map<Bytes, Timestamp> OurNode::save() {
  std::map<Bytes, Timestamp> given_up;
  disk_.keep_peers(life_->router->take_kept_peers());
  auto entries = life_->replica.take_journal();
  if (entries.empty() && !life_->replica.clock_awaits_saving()) return given_up;
  // What is dropped or set aside was deleted everywhere, long ago.
  for (const store::JournalEntry& entry : entries) {
    const bool set_aside = entry.what == store::JournalEntry::What::set_aside;
    if (!set_aside && entry.what != store::JournalEntry::What::dropped) continue;
    const Bytes key(entry.reg->key().begin(), entry.reg->key().end());
    acknowledged_.erase(key);
    if (set_aside) given_up[key] = entry.reg->stamp();
  }
  disk_.hand_over({std::move(entries), life_->replica.journal_end(), life_->replica.clock(),
                   life_->witness.last_issued});
  if (std::exchange(committing_, true)) return given_up;
  commit_after((options_.saving == process::Saving::async ? commit_delay : 0) +
               random_.between(0, commit_max));
  return given_up;
}

void OurNode::commit_after(Ms delay) {
  later(delay, [this] {
    committing_ = false;
    const std::uint64_t end = disk_.commit(now().wall_ms, life_->replica.in_doubt());
    trace_.note(end);
    // The thread that commits is not the one that answers.
    const auto tell = [this, end] {
      life_->replica.clock_saved(disk_.marks().clock);
      life_->router->settled(end, std::nullopt, now());
      settle();
    };
    if (is_paused()) {
      later(paused_until() - schedule_.now(), tell);
    } else {
      tell();
    }
  });
}

void OurNode::note_alive_later() {
  later(alive_interval, [this] {
    if (!committing_) disk_.commit(now().wall_ms, life_->replica.in_doubt());
    note_alive_later();
  });
}

void OurNode::later(Ms delay, std::function<void()> action) {
  schedule_.after(delay, [this, life = lives_, action = std::move(action)] {
    if (is_alive() && life == lives_) action();
  });
}

}  // namespace groot::sim
