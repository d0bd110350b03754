// After an absence longer than tombstones live.
#include "store/doubt.hpp"

#include <algorithm>
#include <variant>

#include "script.hpp"
#include "store/limits.hpp"

using namespace groot::store;
using namespace groot::store::testing;

namespace {

constexpr PeerId peer = 7;
constexpr std::int64_t away_ms = 1'000'000;

// A replica that was away and holds `a` and `b` from before.
struct Returned : Script {
  Returned() {
    replica.keep_journal();
    for (const char* key : {"a", "b"}) {
      const Bytes bytes = term(key);
      const Bytes value = term("old");
      replica.restore({{bytes, value, stamp(-away_ms - 10)}, 0}, now);
    }
    replica.doubt_restored(left_ms());
    replica.peer_up(peer, PeerKind::ours, now);
  }

  [[nodiscard]] std::int64_t left_ms() const { return wall_start_ms - away_ms; }
  void set_list_key() {
    const Bytes bytes = list_term("list");
    const Bytes value = term("old");
    replica.restore({{bytes, value, stamp(-away_ms - 10)}, 0}, now);
  }
  void shown(bool doubts = false) { replica.peer_shown(peer, doubts, now, effects); }
  void up_since(std::int64_t wall_ms) { replica.peer_since(peer, wall_ms, now, effects); }
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
  std::size_t pushed() { return replica.full_state_for(peer, effects).size(); }
  std::size_t certain() const {
    std::size_t count = 0;
    replica.for_each_certain([&count](const RegisterPtr&) { ++count; });
    return count;
  }
  // What peers of ours compare.
  [[nodiscard]] std::size_t compared() const { return replica.registers().within({}).size(); }
  [[nodiscard]] std::uint64_t fingerprint() const { return replica.registers().fingerprint({}); }
};

}  // namespace

TEST_CASE("what is in doubt is read here, and sent to nobody") {
  Returned s;
  CHECK(s.replica.in_doubt());
  CHECK(s.get("a") == "old");
  CHECK(s.replica.size() == 2);
  CHECK(s.pushed() == 0);
  CHECK(s.certain() == 0);
  CHECK(s.compared() == 0);
  CHECK(s.fingerprint() == 0);
  s.pass(86'400'000);
  s.replica.wake(s.now, s.effects);
  CHECK(s.replica.in_doubt());
  CHECK(s.replica.size() == 2);
}

TEST_CASE("what is written anew, or shown by anybody, is in no doubt") {
  Returned s;
  s.set("a", "new");
  CHECK(s.pushed() == 1);
  CHECK(s.compared() == 1);
  s.shows("b", s.stamp(-away_ms - 20));
  CHECK(s.get("b") == "old");
  CHECK(s.pushed() == 2);
  CHECK(s.compared() == 2);
}

TEST_CASE("a peer that was there when we left has deleted what it no longer shows") {
  Returned s;
  s.shows("b", s.stamp(-10));
  s.shown();
  CHECK(s.replica.in_doubt());
  s.effects.clear();
  SUBCASE("since long ago") {
    s.up_since(s.left_ms());
  }
  SUBCASE("who shows a write from before, though it came later") {
    s.up_since(s.left_ms() + 1);
    CHECK(s.replica.in_doubt());
    s.shows("c", s.stamp(-away_ms));
    s.replica.wake(s.now, s.effects);
  }
  CHECK_FALSE(s.replica.in_doubt());
  CHECK(s.get("a") == "none");
  CHECK(s.get("b") == "shown");
  CHECK(s.reported("1 registers dropped"));
  const auto journal = s.replica.take_journal();
  CHECK(std::ranges::count(journal, JournalEntry::What::dropped, &JournalEntry::what) == 1);
  CHECK(s.compared() == s.replica.size());
  // No tombstone: should somebody else have it, it comes back.
  s.shows("a", s.stamp(-away_ms - 10));
  CHECK(s.get("a") == "shown");
}

TEST_CASE("among peers younger than the absence ours is all there is") {
  Returned s;
  s.up_since(s.left_ms() + 1);
  s.shows("b", s.stamp(-10));
  s.shown();
  s.effects.clear();
  s.pass(doubt_grace_ms - 1);
  s.replica.wake(s.now, s.effects);
  CHECK(s.replica.in_doubt());
  CHECK(s.replica.next_wake_wall_ms() == s.now.wall_ms + 1);
  s.pass(1);
  s.replica.wake(s.now, s.effects);
  CHECK_FALSE(s.replica.in_doubt());
  CHECK(s.replica.size() == 2);
  CHECK(s.sent() == 1);
  CHECK(s.compared() == 2);
  CHECK(s.reported("1 registers of that time are kept"));
}

TEST_CASE("a peer in doubt itself proves nothing") {
  Returned s;
  s.shown(true);
  s.up_since(s.left_ms() - 1);
  s.shows("c", s.stamp(-away_ms - 1));
  s.replica.wake(s.now, s.effects);
  CHECK(s.replica.in_doubt());
  s.pass(doubt_grace_ms);
  s.replica.wake(s.now, s.effects);
  CHECK(s.replica.size() == 3);
}

TEST_CASE("a stock peer's full state counts, also an empty one") {
  Returned s;
  constexpr PeerId stock = 8;
  s.replica.peer_up(stock, PeerKind::stock_with_delete, s.now);
  s.replica.peer_since(stock, s.left_ms() - 1, s.now, s.effects);
  CHECK(s.replica.in_doubt());
  s.replica.begin_full_state(stock);
  CHECK(s.replica.end_full_state(stock, s.now, s.effects));
  CHECK_FALSE(s.replica.in_doubt());
  CHECK(s.replica.size() == 0);
}

TEST_CASE("a tombstone proves nothing: an expiry leaves one that is as old as what expired") {
  Returned s;
  s.up_since(s.left_ms() + 1);
  const Bytes key = term("expired");
  s.replica.merge(peer, {key, nil_value(), s.stamp(-away_ms - 5), RegisterKind::tombstone}, s.now,
                  s.effects);
  s.shown();
  CHECK(s.replica.in_doubt());
  s.pass(doubt_grace_ms);
  s.replica.wake(s.now, s.effects);
  CHECK(s.replica.size() == 2);
}

TEST_CASE("a list key goes as others do, though no stock node could have shown it") {
  Returned s;
  constexpr PeerId stock = 8;
  s.set_list_key();
  s.replica.doubt_restored(s.left_ms());
  s.replica.peer_up(stock, PeerKind::stock_without_delete, s.now);
  s.replica.peer_since(stock, s.left_ms() - 1, s.now, s.effects);
  s.replica.begin_full_state(stock);
  CHECK(s.replica.end_full_state(stock, s.now, s.effects));
  CHECK(s.replica.size() == 0);
}
