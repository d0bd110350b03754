// What a peer is to be sent, a part at a time.
#include "store/lacking.hpp"

#include <string>

#include "script.hpp"

using namespace groot::store;
using namespace groot::store::testing;

namespace {

constexpr PeerId peer = 7;
constexpr std::size_t any_bytes = 1'000'000;

struct Holding : Script {
  explicit Holding(int count) {
    replica.peer_up(peer, PeerKind::stock_with_delete, now);
    for (int i = 0; i < count; ++i) set("k" + std::to_string(i), "v");
    effects.clear();
  }
  TakenLacking take(std::size_t count, std::size_t bytes = any_bytes) {
    return replica.take_lacking(peer, count, bytes);
  }
};

}  // namespace

TEST_CASE("slot bits: the next that is set, and all below an end") {
  SlotBits bits;
  CHECK_FALSE(bits.next(0));
  bits.set(3);
  bits.set(64);
  bits.set(200);
  CHECK(bits.next(0) == 3);
  CHECK(bits.next(3) == 3);
  CHECK(bits.next(4) == 64);
  CHECK(bits.next(65) == 200);
  CHECK_FALSE(bits.next(201));
  for (const Slot end : {0U, 1U, 63U, 64U, 65U, 200U}) {
    SlotBits all;
    all.set_all(end);
    for (Slot slot = 0; slot < 300; ++slot) CHECK(all.test(slot) == (slot < end));
  }
}

TEST_CASE("what a peer lacks is taken in parts, each once") {
  Holding s(5);
  s.replica.lacks_everything(peer);
  const auto first = s.take(2);
  CHECK(first.registers.size() == 2);
  CHECK(first.more);
  // Asked for again, what was not taken yet comes once.
  s.replica.lacks_everything(peer);
  const auto second = s.take(3);
  CHECK(second.registers.size() == 3);
  CHECK_FALSE(second.anew);
  CHECK(second.more);
  const auto third = s.take(10);
  CHECK(third.registers.size() == 2);
  CHECK(third.anew);
  CHECK_FALSE(third.more);
  CHECK(s.take(10).registers.empty());
}

TEST_CASE("a part ends before the bytes that it may have, but is never empty") {
  Holding s(3);
  s.set("large", std::string(1'000, 'x'));
  s.replica.lacks_everything(peer);
  CHECK(s.take(10, 50).registers.size() == 3);
  CHECK(s.take(10, 50).registers.size() == 1);
  CHECK_FALSE(s.take(10, 50).more);
}

TEST_CASE("what changes before its turn is taken as it is by then") {
  Holding s(2);
  s.replica.lacks_everything(peer);
  s.set("k1", "later");
  const auto taken = s.take(10);
  REQUIRE(taken.registers.size() == 2);
  CHECK(text_of(taken.registers[1]) == "later");
}

TEST_CASE("what the peer shows meanwhile, or deletes, is not sent to it") {
  Holding s(3);
  const auto state = registers(s.replica);
  s.replica.lacks_everything(peer);
  s.pass(correction_grace_ms);
  s.replica.begin_full_state(peer);
  s.replica.merge_full_state(peer, views({state[0]}), s.now, s.effects);
  s.replica.delete_unstamped(peer, term("k1"), s.now, s.effects);
  const auto taken = s.take(10);
  REQUIRE(taken.registers.size() == 1);
  CHECK(text_of(taken.registers[0]->key()) == "k2");
}

TEST_CASE("a key that moved to another slot may come twice, and that is told") {
  Script s(ReplicaOptions{.node_id = 1, .tombstone_ttl_ms = 1'000});
  s.replica.peer_up(peer, PeerKind::stock_with_delete, s.now);
  s.erase("a");
  s.set("b", "v");
  s.replica.lacks_everything(peer);
  CHECK(s.replica.take_lacking(peer, 1, any_bytes).registers.size() == 1);
  s.pass(1'000);
  s.replica.wake(s.now, s.effects);
  REQUIRE(s.held("a") == nullptr);
  CHECK(s.replica.take_lacking(peer, 1, any_bytes).anew);
}

TEST_CASE("a new link, and lost data, end what was to be sent") {
  for (int how = 0; how < 4; ++how) {
    Holding s(3);
    s.replica.lacks_everything(peer);
    if (how == 0) s.replica.peer_back(peer, s.now);
    if (how == 1) s.replica.peer_lost_data(peer);
    if (how == 2) s.replica.forget_lacking(peer);
    if (how == 3) s.replica.clear(s.effects);
    CHECK(s.take(10).registers.empty());
  }
}

TEST_CASE("a stranger is sent what it asks for, and nothing that could harm it") {
  Script s;
  s.set("k", "v");
  REQUIRE(s.replica.set(list_term("abc"), term("v"), std::nullopt, s.now, s.effects));
  s.replica.lacks_everything(peer);
  CHECK(s.replica.take_lacking(peer, 10, any_bytes).registers.size() == 1);
  s.replica.lacks_everything(peer);
  s.replica.forget_lacking(peer);
  CHECK(s.replica.take_lacking(peer, 10, any_bytes).registers.empty());
}
