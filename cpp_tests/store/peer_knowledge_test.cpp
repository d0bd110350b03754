#include "store/peer_knowledge.hpp"

#include <string>

#include <doctest/doctest.h>

#include "cpp_tests/store/script.hpp"
#include "store/limits.hpp"

using namespace groot::store;
using namespace groot::store::testing;

namespace {

constexpr PeerKind kinds[] = {PeerKind::stock_without_delete, PeerKind::stock_with_delete,
                              PeerKind::ours};
constexpr Slot slot = 5;

struct Case {
  PeerKind kind = PeerKind::ours;
  bool had_it = false;  // an earlier full state showed our version
  enum class Shows { absent, older, ours } shows = Shows::absent;
  bool sent = false;
  bool young = false;
  bool changed_meanwhile = false;
  bool ancient = false;
};

Verdict judge(const Case& given, const Register& reg) {
  PeerKnowledge peer(1, given.kind, 0, {});
  if (given.had_it) {
    peer.begin_full_state();
    peer.showed(slot, true);
    peer.end_full_state();
  }
  if (given.sent) peer.sent(slot);
  peer.begin_full_state();
  if (given.shows != Case::Shows::absent) peer.showed(slot, given.shows == Case::Shows::ours);
  if (given.changed_meanwhile) peer.version_changed(slot);
  return peer.judge(slot, reg, given.young, given.ancient);
}

const RegisterPtr value = make_value("k", "v", {1, 0, 1});
const RegisterPtr deleted = make_tombstone("k", {1, 0, 1});
RegisterPtr with_list_key(RegisterKind kind) {
  const Bytes key = list_term("k");
  const Bytes bytes = term("v");
  return Register::make({key, bytes, {1, 0, 1}, kind, std::nullopt});
}

}  // namespace

TEST_CASE("what a peer shows at our version is settled, value or tombstone") {
  for (const PeerKind kind : kinds) {
    for (const bool had_it : {false, true}) {
      const Case given{.kind = kind, .had_it = had_it, .shows = Case::Shows::ours};
      CHECK(judge(given, *value) == Verdict::nothing);
      CHECK(judge(given, *deleted) == Verdict::nothing);
    }
  }
}

TEST_CASE("a value that is gone was deleted where there are deletes, else lost") {
  for (const bool young : {false, true}) {
    Case given{.had_it = true, .young = young};
    given.kind = PeerKind::stock_with_delete;
    CHECK(judge(given, *value) == Verdict::deleted_there);
    given.kind = PeerKind::stock_without_delete;
    CHECK(judge(given, *value) == Verdict::send);
    given.kind = PeerKind::ours;
    CHECK(judge(given, *value) == Verdict::send);
  }
}

TEST_CASE("a value never shown, or shown older, is sent once and not while it may be on its way") {
  for (const PeerKind kind : kinds) {
    for (const auto shows : {Case::Shows::absent, Case::Shows::older}) {
      const Case given{.kind = kind, .shows = shows};
      CHECK(judge(given, *value) == Verdict::send);
      Case but = given;
      but.young = true;
      CHECK(judge(but, *value) == Verdict::nothing);
      but = given;
      but.sent = true;
      CHECK(judge(but, *value) == Verdict::nothing);
      but = given;
      but.changed_meanwhile = true;
      CHECK(judge(but, *value) == Verdict::nothing);
    }
    // It had ours and now shows an older one: it was lost, and came back from somewhere else.
    CHECK(judge({.kind = kind, .had_it = true, .shows = Case::Shows::older}, *value) ==
          Verdict::send);
  }
}

TEST_CASE("a write made meanwhile takes back that the peer had our version") {
  const Case given{.kind = PeerKind::stock_with_delete, .had_it = true, .changed_meanwhile = true};
  CHECK(judge(given, *value) == Verdict::nothing);
}

TEST_CASE("a tombstone goes to a peer that shows an older value, and to one of ours without it") {
  for (const PeerKind kind : kinds) {
    CHECK(judge({.kind = kind, .shows = Case::Shows::older}, *deleted) == Verdict::send);
    CHECK(judge({.kind = kind, .shows = Case::Shows::older, .sent = true}, *deleted) ==
          Verdict::nothing);
    for (const bool had_it : {false, true}) {
      for (const bool ancient : {false, true}) {
        const Case given{.kind = kind, .had_it = had_it, .ancient = ancient};
        const bool sent = kind == PeerKind::ours && !had_it && !ancient;
        CHECK(judge(given, *deleted) == (sent ? Verdict::send : Verdict::nothing));
      }
    }
  }
}

TEST_CASE("a list key is sent to no stock peer, but may be deleted there") {
  for (const RegisterKind kind : {RegisterKind::value, RegisterKind::tombstone}) {
    const RegisterPtr reg = with_list_key(kind);
    for (const PeerKind peer : {PeerKind::stock_without_delete, PeerKind::stock_with_delete}) {
      CHECK_FALSE(PeerKnowledge(1, peer, 0, {}).may_be_sent(*reg));
      CHECK(judge({.kind = peer}, *reg) == Verdict::nothing);
      CHECK(judge({.kind = peer, .shows = Case::Shows::older}, *reg) == Verdict::nothing);
    }
    CHECK(PeerKnowledge(1, PeerKind::ours, 0, {}).may_be_sent(*reg));
    CHECK(judge({.kind = PeerKind::ours}, *reg) == Verdict::send);
  }
  const RegisterPtr reg = with_list_key(RegisterKind::value);
  CHECK(judge({.kind = PeerKind::stock_with_delete, .had_it = true}, *reg) ==
        Verdict::deleted_there);
  CHECK(judge({.kind = PeerKind::stock_without_delete, .had_it = true}, *reg) == Verdict::nothing);
}

TEST_CASE("a peer that lost its data is judged as one that never showed a thing") {
  PeerKnowledge peer(1, PeerKind::stock_with_delete, 0, {});
  peer.begin_full_state();
  peer.showed(slot, true);
  peer.end_full_state();
  peer.sent(slot + 1);
  peer.begin_full_state();
  peer.peer_lost_data();
  CHECK_FALSE(peer.in_full_state());
  peer.begin_full_state();
  CHECK(peer.judge(slot, *value, false, false) == Verdict::send);
  CHECK(peer.judge(slot + 1, *value, false, false) == Verdict::send);
}

TEST_CASE("when we lost our data a full state under way goes on, and nothing is known") {
  PeerKnowledge peer(1, PeerKind::stock_with_delete, 0, {});
  peer.begin_full_state();
  peer.showed(slot, true);
  peer.we_lost_data();
  CHECK(peer.in_full_state());
  CHECK_FALSE(peer.is_settled(slot));
  CHECK(peer.judge(slot, *value, false, false) == Verdict::send);
}

TEST_CASE("a correction is repeated after one to two retry times") {
  PeerKnowledge peer(1, PeerKind::stock_with_delete, 1'000, {});
  peer.forget_old_sends(1'000 + correction_retry_ms - 1);
  peer.sent(slot);
  peer.begin_full_state();
  CHECK(peer.judge(slot, *value, false, false) == Verdict::nothing);
  peer.forget_old_sends(1'000 + correction_retry_ms);
  CHECK(peer.judge(slot, *value, false, false) == Verdict::nothing);
  peer.forget_old_sends(1'000 + 2 * correction_retry_ms - 1);
  CHECK(peer.judge(slot, *value, false, false) == Verdict::nothing);
  peer.forget_old_sends(1'000 + 2 * correction_retry_ms);
  CHECK(peer.judge(slot, *value, false, false) == Verdict::send);
}

TEST_CASE("outside a full state nothing is shown") {
  PeerKnowledge peer(1, PeerKind::stock_with_delete, 0, {});
  peer.showed(slot, true);
  peer.begin_full_state();
  CHECK(peer.judge(slot, *value, false, false) == Verdict::send);
}

TEST_CASE("a pair is known no more when the slot that it is bound to holds another key") {
  const Bytes bytes(20, 1);
  PeerKnowledge peer(1, PeerKind::stock_with_delete, 0, {});
  const auto show = [&] {
    peer.begin_full_state();
    const std::size_t repeated = peer.take_repeated(bytes, 0, 1).pairs;
    if (repeated == 0) {
      peer.showed(slot, true);
      peer.read_pair({bytes, 0}, slot, true);
    }
    return repeated;
  };
  CHECK(show() == 0);
  peer.complete_full_state();
  CHECK(show() == 1);
  peer.complete_full_state();

  SUBCASE("between two states") {
    peer.slot_vacated(slot);
    // Another key, which the peer shows before the pair.
    peer.begin_full_state();
    peer.showed(slot, true);
    CHECK(peer.take_repeated(bytes, 0, 1).pairs == 0);
    peer.complete_full_state();
  }
  SUBCASE("while a state is under way, of which the pair was") {
    CHECK(show() == 1);
    peer.slot_vacated(slot);
    peer.complete_full_state();
    peer.begin_full_state();
    peer.showed(slot, true);
    CHECK(peer.take_repeated(bytes, 0, 1).pairs == 0);
    peer.complete_full_state();
  }
  SUBCASE("though a state broke off meanwhile") {
    peer.slot_vacated(slot);
    peer.begin_full_state();
    peer.end_full_state();
    peer.begin_full_state();
    peer.showed(slot, true);
    CHECK(peer.take_repeated(bytes, 0, 1).pairs == 0);
    peer.complete_full_state();
  }
  // And once more, as what the slot holds from now on.
  CHECK(show() == 0);
  peer.complete_full_state();
  CHECK(show() == 1);
}
