// A peer that is away: no write looks at it, and what it has shown means the same when it is back.
#include <algorithm>
#include <random>

#include "cpp_tests/store/linked_script.hpp"

using namespace groot::store;
using namespace groot::store::testing;

namespace {

// A peer that holds, and has shown, "kept", "changed" and "deleted".
struct Shown : Linked {
  Shown() : Linked(PeerKind::stock_with_delete) {
    for (const char* key : {"kept", "changed", "deleted"}) set(key, "v");
    settle(*this);
    full_state(peer, registers(replica));
    effects.clear();
  }
  void goes() {
    replica.peer_unlinked(peer, now);
    pass(1);
    replica.wake(now, effects);
    effects.clear();
  }
  void comes_back(const std::vector<RegisterPtr>& state) {
    settle(*this);
    replica.peer_back(peer, now);
    full_state(peer, state);
  }
};

}  // namespace

TEST_CASE("what a peer no longer shows when it is back was deleted there") {
  Shown s;
  const RegisterPtr kept = s.held("kept");
  s.goes();
  s.set("changed", "anew");
  s.comes_back({kept});
  CHECK(s.get("kept") == "v");
  CHECK(s.get("deleted") == "none");
  CHECK(s.get("changed") == "anew");
  CHECK(s.sent_to(peer) == Words{"changed"});
}

TEST_CASE("the same where our version changed in the very millisecond in which it left") {
  Shown s;
  const RegisterPtr kept = s.held("kept");
  SUBCASE("before that") {
    s.set("changed", "anew");
    s.replica.peer_unlinked(peer, s.now);
  }
  SUBCASE("after that") {
    s.replica.peer_unlinked(peer, s.now);
    s.set("changed", "anew");
  }
  s.replica.wake(s.now, s.effects);
  s.pass(1);
  s.replica.wake(s.now, s.effects);
  s.comes_back({kept});
  CHECK(s.get("changed") == "anew");
  CHECK(s.get("deleted") == "none");
}

TEST_CASE("a peer that is back before anybody woke is the same peer") {
  Shown s;
  s.replica.peer_unlinked(peer, s.now);
  s.set("changed", "anew");
  s.comes_back({});
  CHECK(s.get("kept") == "none");
  CHECK(s.get("changed") == "anew");
}

TEST_CASE("a peer that left asks for the wake that sets it apart") {
  Shown s;
  CHECK_FALSE(s.replica.next_wake_wall_ms(s.now));
  s.replica.peer_unlinked(peer, s.now);
  CHECK(s.replica.next_wake_wall_ms(s.now) == s.now.wall_ms + 1);
  s.pass(1);
  s.replica.wake(s.now, s.effects);
  CHECK_FALSE(s.replica.next_wake_wall_ms(s.now));
}

TEST_CASE("what we forget, or a slot that holds another key, is not known of it when it is back") {
  Shown s;
  s.goes();
  SUBCASE("all of it") {
    s.replica.clear(s.effects);
    for (const char* key : {"some", "other", "keys"}) s.set(key, "v");
    s.comes_back({});
    CHECK(s.sent_to(peer) == Words{"keys", "other", "some"});
  }
  SUBCASE("a peer that is forgotten") {
    s.replica.peer_down(peer);
    s.replica.peer_up(peer, PeerKind::stock_with_delete, s.now);
    s.comes_back({});
    CHECK(s.sent_to(peer) == Words{"changed", "deleted", "kept"});
  }
}

// Two replicas are told the same, but one of them is not told that the peer was away.
TEST_CASE("absence changes nothing of what follows from a state") {
  std::mt19937 random(7);
  const auto below = [&random](std::uint32_t end) {
    return static_cast<std::uint32_t>(random() % end);
  };
  for (int run = 0; run < 300; ++run) {
    const ReplicaOptions options{.node_id = 1, .tombstone_ttl_ms = 100};
    Script told(options);
    Script not_told(options);
    std::vector<std::string> keys;
    for (int i = 0; i < 12; ++i) keys.push_back("k" + std::to_string(i));
    const auto both = [&](const auto& act) {
      act(told);
      act(not_told);
    };
    const auto change_some = [&] {
      for (std::uint32_t i = below(10); i > 0; --i) {
        const std::string& key = keys[below(12)];
        const std::uint32_t what = below(4);
        both([&](Script& s) {
          if (what == 0) s.erase(key);
          if (what == 1) s.set(key, "a");
          if (what == 2) s.merge(key, "b", s.stamp(5'000), std::nullopt, 3);
          if (what == 3) s.replica.wake(s.now, s.effects);
        });
        const std::int64_t passed = below(60);
        both([&](Script& s) { s.pass(passed); });
      }
    };
    const auto show = [&] {
      std::vector<RegisterPtr> state;
      for (const RegisterPtr& reg : registers(told.replica)) {
        if (!reg->is_tombstone() && below(3) != 0) state.push_back(reg);
      }
      both([&](Script& s) { s.full_state(peer, state); });
    };
    both([](Script& s) { s.replica.peer_up(peer, PeerKind::stock_with_delete, s.now); });
    for (int cut = 0; cut < 3; ++cut) {
      change_some();
      both([](Script& s) { s.pass(correction_grace_ms); });
      show();
      told.replica.peer_unlinked(peer, told.now);
      change_some();
      both([](Script& s) {
        s.pass(1);
        s.effects.clear();
        s.replica.peer_back(peer, s.now);
      });
      show();
      CHECK(contents(told.replica) == contents(not_told.replica));
      CHECK(told.sent_to(peer) == not_told.sent_to(peer));
    }
  }
}
