// After an absence longer than tombstones live.
#include "store/doubt.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "script.hpp"
#include "store/limits.hpp"

using namespace groot::store;
using namespace groot::store::testing;

namespace {

constexpr PeerId peer = 7;
constexpr std::int64_t away_ms = 1'000'000;
// Of an earlier life: `a` and `b` came by then, `c` came later.
constexpr std::uint64_t level = 20;

// A replica that was away and holds `a`, `b` and `c` from before.
struct Returned : Script {
  explicit Returned(PeerKind kind = PeerKind::ours, bool list_key = false) {
    replica.keep_journal(30);
    replica.begin_doubt();
    restore(term("a"), 10);
    restore(term("b"), level);
    restore(term("c"), level + 1);
    if (list_key) restore(list_term("list"), 10);
    replica.await_proofs(std::vector<ProofAwaited>{{peer, level}});
    replica.peer_up(peer, kind, now);
  }

  void restore(const Bytes& key, std::uint64_t number) {
    const Bytes value = term("old");
    replica.restore({{key, value, stamp(-away_ms - 10)}, 0, number}, now);
  }
  void memory(bool same) { replica.peer_memory(peer, same, now, effects); }
  void shown(bool doubts = false) { replica.peer_shown(peer, doubts, now, effects); }
  void shows(std::string_view key, const Timestamp& at) {
    const Bytes bytes = term(key);
    const Bytes value = term("shown");
    replica.merge(peer, {bytes, value, at}, now, effects);
  }
  [[nodiscard]] std::size_t sent() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        effects, [](const Effect& one) { return std::holds_alternative<SendToAll>(one); }));
  }
  [[nodiscard]] bool reported(std::string_view text) const {
    return std::ranges::any_of(effects, [&](const Effect& one) {
      const auto* report = std::get_if<Report>(&one);
      return report != nullptr && report->detail.find(text) != std::string::npos;
    });
  }
  std::size_t pushed() { return full_state_for(replica, peer).size(); }
  // What peers of ours compare.
  [[nodiscard]] std::size_t compared() const { return replica.registers().within({}).size(); }
  [[nodiscard]] std::uint64_t fingerprint() const { return replica.registers().fingerprint({}); }
};

// A replica that holds `a` from an earlier life, and does not know yet who may prove what.
struct OneRegister : Script {
  explicit OneRegister(std::uint64_t number) {
    replica.begin_doubt();
    const Bytes key = term("a");
    const Bytes value = term("old");
    replica.restore({{key, value, stamp(-10)}, 0, number}, now);
  }
};

}  // namespace

TEST_CASE("what is in doubt is read here, and sent to nobody") {
  Returned s;
  CHECK(s.replica.in_doubt());
  CHECK(s.replica.doubtful() == 2);
  CHECK(s.get("a") == "old");
  CHECK(s.replica.size() == 3);
  CHECK(s.pushed() == 1);
  CHECK(s.compared() == 1);
}

TEST_CASE("what came after the last time that both were level is certain at once") {
  Returned s;
  CHECK(s.pushed() == 1);
  s.memory(true);
  s.shown();
  CHECK(s.get("c") == "old");
  CHECK_FALSE(s.replica.in_doubt());
}

TEST_CASE("nothing is in doubt where nobody can prove anything") {
  OneRegister s(5);
  SUBCASE("nobody was level") {
    s.replica.await_proofs({});
  }
  SUBCASE("or it came later") {
    s.replica.await_proofs(std::vector<ProofAwaited>{{peer, 4}});
  }
  CHECK_FALSE(s.replica.in_doubt());
  CHECK(s.replica.registers().within({}).size() == 1);
}

TEST_CASE("a register whose number is unknown, of an older file, is certain") {
  OneRegister s(0);
  s.replica.await_proofs(std::vector<ProofAwaited>{{peer, 1'000'000}});
  CHECK_FALSE(s.replica.in_doubt());
}

TEST_CASE("what is written anew, or shown by anybody, is in no doubt") {
  Returned s;
  s.set("a", "new");
  CHECK(s.pushed() == 2);
  CHECK(s.compared() == 2);
  s.shows("b", s.stamp(-away_ms - 20));
  CHECK(s.get("b") == "old");
  CHECK(s.pushed() == 3);
  CHECK(s.compared() == 3);
}

TEST_CASE("a peer that remembers has deleted what it no longer shows: it is set aside") {
  Returned s;
  s.memory(true);
  s.shows("b", s.stamp(-10));
  CHECK(s.replica.in_doubt());
  s.effects.clear();
  s.shown();
  CHECK_FALSE(s.replica.in_doubt());
  CHECK(s.get("a") == "none");
  CHECK(s.get("b") == "shown");
  CHECK(s.reported("had 1 registers that it no longer has"));
  const auto journal = s.replica.take_journal();
  CHECK(std::ranges::count(journal, JournalEntry::What::set_aside, &JournalEntry::what) == 1);
  CHECK(s.compared() == s.replica.size());
  // No tombstone: should somebody else have it, it comes back.
  s.shows("a", s.stamp(-away_ms - 10));
  CHECK(s.get("a") == "shown");
}

TEST_CASE("a peer whose memory began later proves nothing: all is kept, and sent") {
  Returned s;
  SUBCASE("it says so") {
    s.memory(false);
  }
  SUBCASE("it has died meanwhile") {
    s.memory(true);
    s.replica.peer_lost_data(peer);
    s.pass(doubt_wait_ms);
    s.replica.wake(s.now, s.effects);
  }
  s.shown();
  CHECK_FALSE(s.replica.in_doubt());
  CHECK(s.replica.size() == 3);
  CHECK(s.sent() == 2);
  CHECK(s.compared() == 3);
  CHECK(s.reported("2 registers from before this node was away are kept"));
}

TEST_CASE("who does not come, or shows nothing, is awaited for a minute after the first peer") {
  Returned s;
  s.memory(true);
  s.pass(doubt_wait_ms - 1);
  s.replica.wake(s.now, s.effects);
  CHECK(s.replica.in_doubt());
  CHECK(s.replica.next_wake_wall_ms(s.now) == s.now.wall_ms + 1);
  s.pass(1);
  s.replica.wake(s.now, s.effects);
  CHECK_FALSE(s.replica.in_doubt());
  CHECK(s.replica.size() == 3);
}

TEST_CASE("alone in the world a node goes on to doubt") {
  OneRegister s(5);
  s.replica.await_proofs(std::vector<ProofAwaited>{{peer, 5}});
  s.pass(86'400'000);
  s.replica.wake(s.now, s.effects);
  CHECK(s.replica.in_doubt());
  CHECK(s.get("a") == "old");
}

TEST_CASE("a peer in doubt itself proves nothing until it no longer is") {
  Returned s;
  s.memory(true);
  s.shown(true);
  CHECK(s.replica.size() == 3);
  CHECK(s.replica.in_doubt());
  s.shown(false);
  CHECK(s.replica.size() == 1);
}

TEST_CASE("of several that may prove something each proves what it held") {
  constexpr PeerId other = 8;
  Script t;
  t.replica.begin_doubt();
  const Bytes value = term("old");
  for (const auto& [key, number] : {std::pair{"a", 10}, {"b", 20}, {"c", 30}}) {
    const Bytes bytes = term(key);
    t.replica.restore({{bytes, value, t.stamp(-10)}, 0, static_cast<std::uint64_t>(number)}, t.now);
  }
  t.replica.await_proofs(std::vector<ProofAwaited>{{peer, 10}, {other, 20}});
  t.replica.peer_up(peer, PeerKind::ours, t.now);
  t.replica.peer_up(other, PeerKind::ours, t.now);
  t.replica.peer_memory(peer, true, t.now, t.effects);
  t.replica.peer_shown(peer, false, t.now, t.effects);
  CHECK(t.get("a") == "none");
  CHECK(t.replica.doubtful() == 1);
  t.replica.peer_memory(other, false, t.now, t.effects);
  CHECK_FALSE(t.replica.in_doubt());
  CHECK(t.get("b") == "old");
}

TEST_CASE("a stock peer's full state counts, also an empty one") {
  Returned s(PeerKind::stock_with_delete, true);
  s.memory(true);
  s.replica.begin_full_state(peer);
  CHECK(s.replica.end_full_state(peer, s.now, s.effects));
  CHECK_FALSE(s.replica.in_doubt());
  CHECK(s.get("a") == "none");
  CHECK(s.get("c") == "old");
  // It cannot have had the list key.
  CHECK(s.replica.size() == 2);
}

TEST_CASE("a tombstone for what is in doubt is a delete like any other") {
  Returned s;
  const Bytes key = term("a");
  s.replica.merge(peer, {key, nil_value(), s.stamp(-5), RegisterKind::tombstone}, s.now, s.effects);
  CHECK(s.get("a") == "none");
  s.memory(true);
  s.shown();
  CHECK(s.get("a") == "none");
  CHECK(s.get("b") == "none");
}

// ---- up to where a peer has held what we hold ----

TEST_CASE("a node of ours is level with what was here two comparisons ago") {
  Script s;
  s.replica.keep_journal(100);
  s.replica.peer_up(peer, PeerKind::ours, s.now);
  s.set("a", "1");
  for (const std::uint64_t expected : {0U, 0U, 101U, 101U, 101U, 102U}) {
    s.replica.peer_level(peer, s.now);
    CHECK(s.replica.level_of(peer) == expected);
    if (expected == 0U) continue;
    if (s.get("b") == "none") s.set("b", "1");
  }
}

namespace {

struct Stock : Script {
  Stock() {
    replica.keep_journal(0);
    replica.peer_up(peer, PeerKind::stock_with_delete, now);
  }
  void shows(const std::vector<std::string>& keys) {
    replica.begin_full_state(peer);
    for (const std::string& key : keys) {
      const RegisterPtr held = replica.find(term(key));
      const RegisterView view = held->view();
      replica.merge_full_state(peer, std::span(&view, 1), now, effects);
    }
    replica.end_full_state(peer, now, effects);
  }
  [[nodiscard]] std::uint64_t at() const { return replica.level_of(peer); }
};

}  // namespace

TEST_CASE("a stock node is level with what it shows") {
  Stock s;
  s.set("a", "1");
  s.set("b", "1");
  s.shows({"a"});
  CHECK(s.at() == 0);
  s.pass(1);
  s.set("c", "1");
  // What came since the state before may be on its way; the rest it has.
  s.shows({"a", "b"});
  CHECK(s.at() == 2);
  s.pass(1);
  s.shows({"a", "b", "c"});
  CHECK(s.at() == 3);
  s.pass(1);
  s.set("d", "1");
  s.pass(1);
  s.shows({"a", "b", "c"});
  s.pass(1);
  s.shows({"a", "b", "c"});
  CHECK(s.at() == 3);
  s.replica.peer_lost_data(peer);
  CHECK(s.at() == 0);
}

TEST_CASE("what a stock node cannot hold does not keep it from being level") {
  Stock s;
  const Bytes key = list_term("list");
  const Bytes value = term("1");
  REQUIRE(s.replica.set(key, value, std::nullopt, s.now, s.effects));
  s.set("a", "1");
  s.erase("a");
  s.shows({});
  CHECK(s.at() == 3);
}

TEST_CASE("in doubt nobody is level") {
  Returned s(PeerKind::stock_with_delete);
  s.replica.begin_full_state(peer);
  s.replica.end_full_state(peer, s.now, s.effects);
  CHECK(s.replica.in_doubt());
  CHECK(s.replica.level_of(peer) == 0);
}
