#include "cnode/process/peers.hpp"

#include "fake_stock.hpp"

namespace groot::process {
namespace {

using namespace testing;

struct Known {
  Peers peers;
  Now now{1'000, wall_start_ms};
  LinkId links = 0;

  LinkId up(const std::string& name) {
    peers.add(++links, {node(name), 1, {}});
    return links;
  }
  void leaves(const std::string& name) {
    const LinkId link = up(name);
    peers.last_storage(*peers.find(link)) = StorageSeen{};
    peers.remove(link, now);
  }
};

constexpr std::int64_t never = 0;

TEST_CASE("of peers that left so many are remembered, the longest away is forgotten first") {
  Known k;
  const store::PeerId first = k.peers.id_of("n0@h");
  const LinkId here = k.up("here@h");
  for (std::size_t i = 0; i < remembered_peers_max; ++i) {
    k.now.monotonic_ms += 1;
    k.leaves("n" + std::to_string(i) + "@h");
  }
  CHECK(k.peers.forget_left(never).empty());
  CHECK(k.peers.away().size() == remembered_peers_max);
  k.leaves("more@h");
  CHECK(k.peers.forget_left(never) == std::vector<store::PeerId>{first});
  CHECK(k.peers.away().size() == remembered_peers_max);
  // Who comes back is remembered, and leaves as the last.
  const LinkId back = k.up("n1@h");
  CHECK(k.peers.last_storage(*k.peers.find(back)));
  k.peers.remove(back, k.now);
  const store::PeerId third = k.peers.id_of("n2@h");
  k.leaves("most@h");
  CHECK(k.peers.forget_left(never) == std::vector<store::PeerId>{third});
  CHECK(k.peers.find(here) != nullptr);
}

TEST_CASE("a peer that left is remembered for a time, and is another one after it") {
  Known k;
  const store::PeerId id = k.peers.id_of("a@h");
  CHECK_FALSE(k.peers.first_left_ms());
  k.leaves("a@h");
  CHECK(k.peers.first_left_ms() == k.now.monotonic_ms);
  CHECK(k.peers.forget_left(k.now.monotonic_ms - 1).empty());
  CHECK(k.peers.id_of("a@h") == id);
  CHECK(k.peers.forget_left(k.now.monotonic_ms) == std::vector<store::PeerId>{id});
  CHECK_FALSE(k.peers.first_left_ms());
  CHECK(k.peers.id_of("a@h") != id);
  const LinkId back = k.up("a@h");
  CHECK_FALSE(k.peers.last_storage(*k.peers.find(back)));
}

TEST_CASE("who has a newer link has not left") {
  Known k;
  const LinkId old_link = k.up("a@h");
  k.up("a@h");
  k.peers.remove(old_link, k.now);
  CHECK_FALSE(k.peers.first_left_ms());
  CHECK(k.peers.forget_left(k.now.monotonic_ms).empty());
}

TEST_CASE("what a stock peer has shown is known when it is back, unless too many left later") {
  for (const std::size_t others : {remembered_peers_max - 1, remembered_peers_max}) {
    Script s(HiddenFeed::announce);
    FakeStock peer(s, "a@h", Runs::groot_with_delete);
    peer.set("k", "1");
    peer.pass(2'000);
    CHECK(s.get("k") == "1");
    peer.cut();
    for (std::size_t i = 0; i < others; ++i) {
      FakeStock other(s, "n" + std::to_string(i) + "@h", Runs::groot_with_delete);
      other.settle();
      other.cut();
    }
    s.pass(1);  // soon
    peer.erase("k");
    peer.reconnect();
    peer.pass(10'000);
    CHECK(s.get("k") == (others < remembered_peers_max ? "none" : "1"));
  }
}

}  // namespace
}  // namespace groot::process
