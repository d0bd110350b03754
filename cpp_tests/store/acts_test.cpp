// What is done at a stock peer, in the order in which it is done there (store/acts.cpp).
#include <doctest/doctest.h>

#include "cpp_tests/store/linked_script.hpp"
#include "store/replica.hpp"

using namespace groot::store;
using namespace groot::store::testing;

namespace {

constexpr std::uint64_t peer_clock = 9;

struct Stock : Linked {
  explicit Stock(PeerKind kind = PeerKind::stock_with_delete) : Linked(kind) {}

  // Its storage process sends a write of its own, stamped by its clock.
  void write(std::string_view key, std::string_view value, std::int64_t after_start_ms) {
    replica.merge_write(
        peer, {term(key), term(value), stamp(after_start_ms, peer_clock), RegisterKind::value}, now,
        effects);
  }
  void remove(std::string_view key) { replica.delete_unstamped(peer, term(key), now, effects); }
  RegisterPtr own(std::string_view key, std::string_view value, std::int64_t after_start_ms) const {
    return make_value(key, value, stamp(after_start_ms, peer_clock));
  }
};

}  // namespace

TEST_CASE(
    "a delete without a stamp stands just above what is held, and goes to all but its sender") {
  Stock s;
  s.merge("k", "v", s.stamp(5'000), std::nullopt, peer);
  s.effects.clear();
  s.remove("k");
  CHECK(s.get("k") == "none");
  CHECK(s.announced() == Words{"k deleted@1700000005000.0@0000000000000003 except 7"});
  CHECK(s.all<Changed>().size() == 1);

  s.effects.clear();
  s.replica.delete_unstamped(8, term("k"), s.now, s.effects);  // the same delete, from elsewhere
  CHECK(s.effects.empty());
}

TEST_CASE("of an unknown key it stands above what its sender has stamped, or is nothing") {
  Stock s;
  s.remove("unknown");
  CHECK(s.effects.empty());
  s.write("other", "v", 100);
  s.effects.clear();
  s.remove("unknown");
  CHECK(s.announced() == Words{"unknown deleted@1700000000100.0@000000000000000a except 7"});
  s.write("unknown", "v", 101);
  CHECK(s.get("unknown") == "v");
}

TEST_CASE("delete, then set, by one process: the set is later, whatever our clock says") {
  for (const std::int64_t ahead_ms : {0, 1'000, 600'000}) {
    Stock s;
    s.write("k", "v1", 0);
    s.now.wall_ms += ahead_ms;
    s.remove("k");
    s.write("k", "v2", 1);
    CHECK(s.get("k") == "v2");
    CHECK(s.held("k")->stamp() == s.stamp(1, peer_clock));
  }
}

TEST_CASE("the same where the peer's clock is behind the version that it deletes: stamped anew") {
  Stock s;
  s.merge("k", "v1", s.stamp(1'000), std::nullopt, 8);
  s.remove("k");
  s.effects.clear();
  s.write("k", "v2", 0);
  CHECK(s.get("k") == "v2");
  // Not to the peer, which has written on perhaps.
  CHECK(s.announced() == Words{"k=v2@1700000001000.1@0000000000000001 except 7"});
  s.effects.clear();
  s.write("k", "v3", 1);
  CHECK(s.announced() == Words{"k=v3@1700000001000.2@0000000000000001 except 7"});
  // Its state with the stamps that it made itself is no news.
  s.effects.clear();
  settle(s);
  s.full_state(peer, {s.own("k", "v3", 1)});
  CHECK(s.get("k") == "v3");
  CHECK(s.sent_to(peer) == Words{"k"});
  // As soon as its clock is past that, nothing is special any more.
  s.write("k", "v4", 2'000);
  CHECK(s.held("k")->stamp() == s.stamp(2'000, peer_clock));
}

TEST_CASE("a write with an earlier stamp that the peer made without knowing ours loses") {
  Stock s;
  s.merge("k", "ours", s.stamp(1'000), std::nullopt, 8);
  s.write("k", "theirs", 0);
  CHECK(s.get("k") == "ours");
}

TEST_CASE("a peer that has shown our version and writes with a slow clock wrote later") {
  for (const bool pushed : {true, false}) {
    for (const bool clock_known : {true, false}) {
      Stock s(PeerKind::stock_without_delete);
      if (clock_known) s.replica.clock_of(peer, s.stamp(-5'000, peer_clock));
      const auto v1 = make_value("k", "v1", s.stamp(1'000));
      s.merge("k", "v1", s.stamp(1'000), std::nullopt, 8);
      settle(s);
      s.full_state(peer, {v1});
      s.effects.clear();
      if (pushed) {
        s.write("k", "v2", 0);
      } else {
        s.full_state(peer, {s.own("k", "v2", 0)});
      }
      // What a state shows could be an old version that came back to the peer from elsewhere: only
      // its clock tells.
      CHECK(s.get("k") == (pushed || clock_known ? "v2" : "v1"));
    }
  }
}

TEST_CASE("an own write of the peer that it had shown before, and shows again, is not later") {
  Stock s;
  s.replica.clock_of(peer, s.stamp(-5'000, peer_clock));
  s.full_state(peer, {s.own("k", "v0", 0)});
  s.merge("k", "v1", s.stamp(1'000), std::nullopt, 8);
  settle(s);
  s.full_state(peer, {make_value("k", "v1", s.stamp(1'000))});
  // Deleted there, and brought back by a node that had missed all since.
  s.full_state(peer, {s.own("k", "v0", 0)});
  CHECK(s.get("k") == "v1");
}

TEST_CASE("a delete seen by absence only: what the peer writes next is later") {
  for (const std::int64_t ahead_ms : {0, 1'000}) {
    for (const std::int64_t next_ms : {-500, 1}) {  // its clock may be behind the deleted version
      Stock s;
      s.replica.clock_of(peer, s.stamp(-5'000, peer_clock));
      s.merge("k", "v1", s.stamp(0), std::nullopt, 8);
      settle(s);
      s.full_state(peer, {make_value("k", "v1", s.stamp(0))});
      s.now.wall_ms += ahead_ms;
      s.full_state(peer, {});
      CHECK(s.get("k") == "none");
      s.full_state(peer, {s.own("k", "v2", next_ms)});
      CHECK(s.get("k") == "v2");
    }
  }
}

TEST_CASE("a process that lives and shows nothing of what it had was wiped: an order") {
  for (const PeerKind kind : {PeerKind::stock_without_delete, PeerKind::stock_with_delete}) {
    for (const bool writes_again : {false, true}) {
      Stock s(kind);
      s.replica.peer_up(8, PeerKind::ours, s.now);
      s.merge("a", "1", s.stamp(0), std::nullopt, peer);
      s.merge("b", "2", s.stamp(1), std::nullopt, peer);
      settle(s);
      s.full_state(peer, registers(s.replica));
      s.set("here", "never shown there");
      settle(s);
      s.full_state(peer,
                   writes_again ? std::vector{s.own("new", "3", 50)} : std::vector<RegisterPtr>{});
      CHECK(s.get("a") == "none");
      CHECK(s.get("b") == "none");
      CHECK(s.get("here") == "never shown there");
      CHECK(s.sent_to(peer) == Words{"here"});
      // Stock nodes that were wiped as well would keep a nil of each for nothing.
      for (const auto& told : s.all<SendToAll>()) CHECK(told.ours_only);
      CHECK(s.announced() == Words{"a deleted@1700000000000.0@0000000000000003 except 7",
                                   "b deleted@1700000000001.0@0000000000000003 except 7"});
    }
  }
}

TEST_CASE("a new storage process that shows nothing lost its data: everything is sent") {
  Stock s(PeerKind::stock_without_delete);
  s.merge("a", "1", s.stamp(0), std::nullopt, peer);
  settle(s);
  s.full_state(peer, registers(s.replica));
  s.replica.peer_lost_data(peer);
  s.full_state(peer, {});
  CHECK(s.get("a") == "1");
  CHECK(s.sent_to(peer) == Words{"a"});
}

TEST_CASE("an old tombstone that a stock peer shows, and nobody needs, is reclaimed there") {
  for (const PeerKind kind : kinds) {
    Linked s(kind);
    const auto old = make_tombstone("k", s.stamp(-tombstone_ttl_ms_default));
    const auto young = make_tombstone("y", s.stamp(-tombstone_ttl_ms_default + 1));
    s.full_state(peer, {old, young});
    CHECK(s.held("k") == nullptr);
    const auto reclaimed = s.all<Reclaim>();
    REQUIRE(reclaimed.size() == (kind == PeerKind::ours ? 0 : 1));
    if (!reclaimed.empty()) CHECK(describe(*reclaimed[0].reg) == describe(*old));
  }
}

TEST_CASE(
    "a delete that comes late takes nothing that its sender wrote since, known by another way") {
  enum class Heard { nothing, clock, state, state_of_an_earlier_link };
  for (const Heard heard :
       {Heard::nothing, Heard::clock, Heard::state, Heard::state_of_an_earlier_link}) {
    Stock s;
    if (heard == Heard::clock) s.replica.clock_of(peer, s.stamp(0, peer_clock));
    if (heard != Heard::nothing) s.write("other", "v", 0);
    if (heard == Heard::state || heard == Heard::state_of_an_earlier_link) {
      s.full_state(peer, {s.own("other", "v", 0)});
    }
    if (heard == Heard::state_of_an_earlier_link) s.replica.peer_back(peer, s.now);
    s.merge("k", "later", s.stamp(2, peer_clock), std::nullopt, 8);
    s.effects.clear();
    s.remove("k");
    // Only a peer of which all is heard can be known not to have made that write before.
    const bool kept = heard == Heard::clock || heard == Heard::state;
    CHECK(s.get("k") == (kept ? "later" : "none"));
    CHECK(s.effects.empty() == kept);
    if (!kept) continue;
    s.write("k", "later", 2);
    s.remove("k");
    CHECK(s.get("k") == "none");
  }
}

TEST_CASE("a delete over a link that just came up takes nothing that may have been written since") {
  enum class Then { shows_it, shows_it_no_more, runs_no_store };
  for (const Then then : {Then::shows_it, Then::shows_it_no_more, Then::runs_no_store}) {
    Script s;
    s.replica.peer_linked(peer, s.now);
    s.merge("k", "v", s.stamp(2, peer_clock), std::nullopt, 8);
    s.effects.clear();
    s.replica.delete_unstamped(peer, term("k"), s.now, s.effects);
    CHECK(s.get("k") == "v");
    CHECK(s.effects.empty());
    if (then == Then::runs_no_store) {
      s.replica.peer_without_store(peer, s.now, s.effects);
      CHECK(s.get("k") == "none");
      continue;
    }
    s.replica.peer_up(peer, PeerKind::stock_with_delete, s.now);
    // It is not given back what it may have deleted.
    CHECK(full_state_for(s.replica, peer).empty());
    s.full_state(peer, then == Then::shows_it
                           ? std::vector{make_value("k", "v", s.stamp(2, peer_clock))}
                           : std::vector<RegisterPtr>{});
    CHECK(s.get("k") == (then == Then::shows_it ? "v" : "none"));
    CHECK(s.sent_to(peer).empty());
  }
}

TEST_CASE("what was here before the link, is of our own, or came over it, it deletes at once") {
  enum class Of { before_the_link, our_own, its_message, its_first_state };
  for (const Of of : {Of::before_the_link, Of::our_own, Of::its_message, Of::its_first_state}) {
    Script s;
    if (of == Of::before_the_link) {
      s.merge("k", "v", s.stamp(2, peer_clock), std::nullopt, 8);
      s.pass(link_setup_max_ms);
    }
    s.replica.peer_linked(peer, s.now);
    const auto v = make_value("k", "v", s.stamp(2, peer_clock));
    if (of == Of::our_own) s.set("k", "v");
    if (of == Of::its_message) s.replica.merge(peer, v->view(), s.now, s.effects);
    if (of == Of::its_first_state) s.replica.merge(peer, views({v}), s.now, s.effects);
    s.effects.clear();
    s.replica.delete_unstamped(peer, term("k"), s.now, s.effects);
    CHECK(s.get("k") == "none");
    CHECK(s.announced().size() == 1);
  }
}

TEST_CASE("of a peer that goes before it says what it is nothing stays, of a stock peer all") {
  Stock s;
  s.merge("k", "v", s.stamp(0), std::nullopt, 8);
  settle(s);
  s.full_state(peer, registers(s.replica));
  s.replica.peer_unlinked(peer, s.now);
  s.replica.peer_linked(peer, s.now);
  s.replica.peer_back(peer, s.now);
  s.full_state(peer, {});
  CHECK(s.get("k") == "none");

  Script other;
  other.replica.peer_linked(peer, other.now);
  other.merge("k", "v", other.stamp(0), std::nullopt, 8);
  other.replica.delete_unstamped(peer, term("k"), other.now, other.effects);
  other.replica.peer_unlinked(peer, other.now);
  other.replica.peer_up(peer, PeerKind::stock_with_delete, other.now);
  CHECK(full_state_for(other.replica, peer).size() == 1);
}

TEST_CASE("a version whose delete was quicker is not taken for a write after that delete") {
  for (const bool pushed : {true, false}) {
    Stock s;
    s.replica.clock_of(peer, s.stamp(-5'000, peer_clock));
    s.merge_tombstone("k", just_above(s.stamp(5, peer_clock)), 8);
    s.remove("k");  // an earlier one, which the peer sent before the version
    s.effects.clear();
    const auto deleted = s.own("k", "deleted", 5);
    if (pushed) {
      s.write("k", "deleted", 5);
    } else {
      s.full_state(peer, {deleted});
    }
    CHECK(s.get("k") == "none");
    CHECK(s.announced().empty());
    s.write("k", "next", 6);
    CHECK(s.held("k")->stamp() == s.stamp(6, peer_clock));
  }
}

TEST_CASE("what was stamped anew, and its writer no longer shows, was deleted there") {
  for (const bool pushed : {true, false}) {
    Stock s;
    s.replica.clock_of(peer, s.stamp(-5'000, peer_clock));
    s.merge("k", "v1", s.stamp(1'000), std::nullopt, 8);
    settle(s);
    s.full_state(peer, {make_value("k", "v1", s.stamp(1'000))});
    if (pushed) {
      s.write("k", "v2", 0);
    } else {
      s.full_state(peer, {s.own("k", "v2", 0)});
    }
    REQUIRE(s.get("k") == "v2");
    s.full_state(peer, {});
    CHECK(s.get("k") == "none");
    CHECK(s.sent_to(peer).empty());
  }
}

TEST_CASE("a delete heard from one peer does not take what another sets after it") {
  Stock s;
  s.replica.clock_of(peer, s.stamp(-5'000, peer_clock));
  s.replica.peer_up(8, PeerKind::stock_with_delete, s.now);
  const auto v1 = make_value("k", "v1", s.stamp(1'000));
  s.merge("k", "v1", s.stamp(1'000), std::nullopt, 9);
  settle(s);
  s.full_state(peer, {v1});
  s.full_state(8, {v1});
  s.full_state(8, {});
  CHECK(s.get("k") == "none");
  // It still shows what was deleted: that is no write.
  s.full_state(peer, {v1});
  CHECK(s.get("k") == "none");
  s.full_state(peer, {s.own("k", "v2", 0)});
  CHECK(s.get("k") == "v2");
}
