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
  life_->router.receive(user_link, frame, now());
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
  promises_.acknowledged(key, stamp);
  Acknowledged& last = acknowledged_[key];
  if (last.stamp <= stamp) last = {stamp, schedule_.now()};
}

void OurNode::restore() {
  life_->router.peer_up(
      user_link, {dist::NodeName::parse("user@h").value(), 1, dist::offered_flags(false)}, now());
  disk_.load_into(life_->replica, now());
  life_->witness.last_issued = disk_.issued();
  life_->replica.for_each(
      [this](const store::RegisterPtr& reg) { promises_.restored(life_->witness, *reg, now()); });
  const auto may_be_lost = [this](const Acknowledged& write) {
    return saving_ == process::Saving::async && write.at + loss_max > crashed_at_;
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

std::map<Bytes, Timestamp> OurNode::save() {
  std::map<Bytes, Timestamp> given_up;
  auto entries = life_->replica.take_journal();
  if (entries.empty()) return given_up;
  // What is dropped was deleted everywhere, long ago.
  for (const store::JournalEntry& entry : entries) {
    if (entry.what != store::JournalEntry::What::dropped) continue;
    const Bytes key(entry.reg->key().begin(), entry.reg->key().end());
    acknowledged_.erase(key);
    if (!entry.reg->is_tombstone()) given_up[key] = entry.reg->stamp();
  }
  disk_.hand_over({std::move(entries), life_->replica.journal_end(), life_->replica.clock(),
                   life_->witness.last_issued});
  if (std::exchange(committing_, true)) return given_up;
  commit_after((saving_ == process::Saving::async ? commit_delay : 0) +
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
      life_->router.settled(end, std::nullopt, now());
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
