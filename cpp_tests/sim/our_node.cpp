#include "cpp_tests/sim/our_node.hpp"

#include <algorithm>

#include "cnode/dist/dist_error.hpp"
#include "cnode/process/hello.hpp"
#include "cnode/process/replication.hpp"
#include "cnode/process/term_append.hpp"
#include "cpp_tests/support/actions.hpp"
#include "ei_codec/term_encode.hpp"

namespace groot::sim {
namespace {

using process::Action;

constexpr std::uint8_t other_hello_version = 99;
constexpr std::size_t small_piece_bytes = 100;

// A message with registers stands in 'Elixir.Groot.Storage''s queue; an announcement ({nodeup, _})
// does, too, and is no cast.
bool carries_registers(const process::SendFrame& frame) {
  const auto* to = std::get_if<dist::RegSend>(&frame.control);
  if (!to || to->to != process::storage_name) return false;
  const auto bytes = frame.message.pieces()[0].bytes;
  return ei_codec::as_text(bytes).find("$gen_cast") != std::string_view::npos;
}

// The version in a hello's answer becomes another one, and that one ours.
void change_version(Bytes& message) {
  Bytes hello;
  ei_codec::encode_term(ei_codec::atom("hello"), hello);
  Bytes version;
  ei_codec::encode_term(ei_codec::Term(process::hello_version), version);
  Bytes pattern(hello.begin() + 1, hello.end());  // behind the tag of the format
  pattern.insert(pattern.end(), version.begin() + 1, version.end());
  const auto found = std::search(message.begin(), message.end(), pattern.begin(), pattern.end());
  if (found == message.end()) return;
  *(found + static_cast<std::ptrdiff_t>(pattern.size()) - 1) = other_hello_version;
}

}  // namespace

OurNode::Life::Life(const store::ReplicaOptions& options, Witness seen)
    : replica(options), witness(std::move(seen)) {}

OurNode::OurNode(Schedule& schedule, Network& network, Trace& trace, Promises& promises,
                 Random random, std::string name, const OurOptions& options)
    : Node(schedule, std::move(name), options.visible),
      schedule_(schedule),
      network_(network),
      trace_(trace),
      promises_(promises),
      random_(random),
      options_(options) {}

Now OurNode::now() const {
  return life_ ? life_->replica.believe(Node::now()) : Node::now();
}

void OurNode::start() {
  ++lives_;
  store::ReplicaOptions options;
  options.node_id = options_.node_id ? *options_.node_id : random_.next();
  options.tombstone_ttl_ms = options_.tombstone_ttl;
  options.hash_secret = options_.hash_secret;
  if (options_.hashes_otherwise) ++options.hash_secret.words[0];
  process::RouterOptions router_options;
  router_options.self = dist::NodeName::parse(name()).value();
  router_options.creation = 100 + lives_;
  router_options.hidden_feed = options_.feed;
  router_options.saving = options_.saving;
  router_options.hash_check = options_.hashes_otherwise ? 1 : 0;
  router_options.random = [this] { return random_.next(); };
  if (options_.small_pieces) router_options.piece_bytes = small_piece_bytes;
  life_ = std::make_unique<Life>(options, promises_.begin_life(name(), options.node_id, is_told()));
  wakes_at_.reset();
  router_options.memory_id = static_cast<std::int64_t>(random_.next() >> 1U | 1U);
  if (has_disk()) {
    router_options.memory_id = disk_.memory_id(router_options.memory_id);
    router_options.kept_peers = disk_.peers();
    restore();
  }
  life_->router.emplace(std::move(router_options), life_->replica);
  if (has_disk()) {
    life_->router->peer_up(
        user_link, {dist::NodeName::parse("user@h").value(), 1, dist::offered_flags(false)}, now());
  }
  settle();
}

void OurNode::crash() {
  const Witness& witness = life_->witness;
  crash_ = {witness.last_issued, now().wall_ms,
            witness.issued_above_a_floor_ahead || life_->replica.in_doubt()};
  life_.reset();
  disk_.crash();
  committing_ = false;
  unanswered_.clear();
  crashed_at_ = schedule_.now();
}

void OurNode::link_up(LinkId link, const Node& peer) {
  const auto name = dist::NodeName::parse(peer.name()).value();
  const bool visible = is_visible() && peer.is_visible();
  life_->router->peer_up(link, {name, 1, dist::offered_flags(visible)}, now());
  settle();
}

void OurNode::link_down(LinkId link) {
  life_->router->peer_down(link, Error{dist::make_error_code(dist::dist_errc::peer_closed), ""},
                           false, now());
  settle();
}

void OurNode::receive(LinkId link, const Packet& packet) {
  dist::Frame frame{packet.control, std::nullopt};
  Bytes message;
  if (packet.message) {
    message = *packet.message;
    if (options_.other_version) change_version(message);
    const auto scanned = ei_codec::scan_whole_term(message);
    if (!scanned) throw Violation(name() + " was sent no term: " + scanned.error().text());
    frame.message = *scanned;
  }
  life_->router->receive(link, frame, now());
  settle();
}

void OurNode::set(const Bytes& key, const Bytes& value, std::optional<Ms> expires_in) {
  if (has_disk()) {
    Bytes request;
    process::append_tuple(request, expires_in ? 4 : 3);
    process::append_atom(request, "set");
    process::append_bytes(request, key);
    process::append_bytes(request, value);
    if (expires_in) process::append_unsigned(request, static_cast<std::uint64_t>(*expires_in));
    return call(std::move(request), {key, value, {}});
  }
  store::Effects effects;
  const auto set = life_->replica.set(key, value, expires_in, now(), effects);
  if (!set) throw Violation(name() + " refuses a write: " + set.error().text());
  done(key, value, std::move(effects));
}

void OurNode::erase(const Bytes& key) {
  if (has_disk()) {
    Bytes request;
    process::append_tuple(request, 2);
    process::append_atom(request, "delete");
    process::append_bytes(request, key);
    return call(std::move(request), {key, {}, {}});
  }
  store::Effects effects;
  const auto erased = life_->replica.erase(key, now(), effects);
  if (!erased) throw Violation(name() + " refuses a delete: " + erased.error().text());
  done(key, {}, std::move(effects));
}

// What it held is given up, and what it had deleted it no longer knows: others may tell it.
void OurNode::wipe() {
  if (trace_.is_told()) trace_.tell(name() + " is wiped");
  wiping_ = true;
  if (has_disk()) {
    Bytes request;
    process::append_atom(request, "delete_all");
    call(std::move(request), {});
  } else {
    store::Effects effects;
    life_->replica.clear(effects);
    life_->router->perform(std::move(effects), now());
    settle();
  }
  wiping_ = false;
  promises_.wiped(life_->witness);
  acknowledged_.clear();
  // What is answered from now on was wiped as well.
  for (auto& [number, call] : unanswered_) call.key.clear();
}

void OurNode::done(const Bytes& key, const Bytes& value, store::Effects effects) {
  const auto changed = std::ranges::find_if(effects, [](const store::Effect& effect) {
    return std::holds_alternative<store::Changed>(effect);
  });
  if (changed == effects.end()) throw Violation(name() + " makes nothing of a write");
  const store::Register& reg = *std::get<store::Changed>(*changed).reg;
  written(reg, value);
  promises_.acknowledged(key, reg.stamp());
  life_->router->perform(std::move(effects), now());
  settle();
}

void OurNode::written(const store::Register& reg, const Bytes& value) {
  if (trace_.is_told()) trace_.tell(name() + " writes " + text_of(reg));
  promises_.written({reg.key().begin(), reg.key().end()}, reg.stamp(),
                    reg.is_tombstone() ? Bytes{} : value, reg.expires_at_ms());
}

store::RegisterPtr OurNode::read(const Bytes& key) const {
  const Now at = now();
  store::RegisterPtr reg = life_->replica.get(key, at.deadline_ms());
  promises_.read(life_->witness, key, reg, at);
  return reg;
}

std::optional<Timestamp> OurNode::held(const Bytes& key) const {
  if (!is_alive()) return disk_.held(key);
  const auto found = life_->witness.held.find(key);
  return found == life_->witness.held.end() ? std::nullopt : std::optional(found->second);
}

void OurNode::settle() {
  const auto given_up = has_disk() ? save() : std::map<Bytes, Timestamp>();
  for (Action& action : testing::one_by_one(life_->router->take_actions())) {
    if (auto* frame = std::get_if<process::SendFrame>(&action)) {
      if (frame->link == user_link) {
        answered(*frame);
        continue;
      }
      if (carries_registers(*frame)) ++registers_sent_;
      std::shared_ptr<Bytes> message;
      if (!frame->message.empty()) {
        message = std::make_shared<Bytes>();
        frame->message.append_to(*message);
        if (options_.other_version) change_version(*message);
      }
      network_.send(*this, frame->link, {std::move(frame->control), std::move(message)});
    } else if (const auto* change = std::get_if<process::Notify>(&action)) {
      ++changes_;
      if (calling_ && ei_codec::same_bytes(change->reg->key(), calling_->key)) {
        calling_->stamp = change->reg->stamp();
        written(*change->reg, calling_->value);
      }
      if (trace_.is_told()) trace_.tell(name() + " now holds " + text_of(*change->reg));
      const Bytes key(change->reg->key().begin(), change->reg->key().end());
      if (wiping_) continue;
      const auto gone = given_up.find(key);
      if (gone != given_up.end() && store::just_above(gone->second) == change->reg->stamp()) {
        promises_.given_up(life_->witness, key);
      } else {
        promises_.changed(life_->witness, *change->reg, now());
      }
    } else if (const auto* await = std::get_if<process::AwaitRoom>(&action)) {
      tell_room(await->link);
    } else if (const auto* line = std::get_if<process::LogLine>(&action)) {
      if (trace_.is_told()) trace_.tell(name() + " says: " + line->text);
    }
    // The network keeps a link to everybody: there is nobody to dial.
  }
  arm();
}

void OurNode::tell_room(LinkId link) {
  later(std::max<Ms>(1, paused_until() - schedule_.now()), [this, link] {
    if (is_paused() || !network_.has_room(*this, link)) return tell_room(link);
    life_->router->room(link, now());
    settle();
  });
}

void OurNode::arm() {
  const auto next = life_->router->next_wake_ms(now());
  if (next && (!wakes_at_ || *next < *wakes_at_)) wake_at(*next);
}

void OurNode::wake_at(Ms at) {
  wakes_at_ = at;
  schedule_.at(at, [this, at, life = lives_] {
    // An earlier one was set in the meantime, or it belongs to a life that is over.
    if (!is_alive() || life != lives_ || wakes_at_ != at) return;
    if (is_paused()) {
      wake_at(paused_until());
    } else {
      wake();
    }
  });
}

void OurNode::wake() {
  wakes_at_.reset();
  life_->router->wake(now());
  if (const auto next = life_->router->next_wake_ms(now()); next && *next <= schedule_.now()) {
    throw Violation(name() + " would wake for ever: what was due is due again");
  }
  settle();
}

}  // namespace groot::sim
