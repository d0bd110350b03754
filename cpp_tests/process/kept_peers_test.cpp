// What is kept of the peers beyond the process.
#include "cnode/process/kept_peers.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "cnode/process/limits.hpp"
#include "script.hpp"

namespace groot::process {
namespace {

using namespace testing;

struct Kept {
  Peers peers;
  store::Replica replica{store::ReplicaOptions{.node_id = 1}};
  Now now{1'000, wall_start_ms};
  KeptPeers kept;

  explicit Kept(std::vector<store::KeptPeer> earlier = {})
      : kept(std::move(earlier), peers, replica) {
    replica.keep_journal();
  }
  Peer& stock(const std::string& name, std::uint32_t pid) {
    Peer& peer = peers.add(++links, {node(name), 1, dist::offered_flags(true)});
    peer.kind = store::PeerKind::stock_with_delete;
    peer.storage = dist::Pid{{name}, pid, 0, 1};
    return peer;
  }
  LinkId links = 0;
};

TEST_CASE("a peer is kept from when replication with it begins, once for each change") {
  Kept k;
  CHECK(k.kept.take().empty());
  Peer& peer = k.stock("a@h", 5);
  CHECK_FALSE(k.kept.ready(peer, k.now));
  auto changed = k.kept.take();
  REQUIRE(changed.size() == 1);
  CHECK(changed[0].name == "a@h");
  CHECK(changed[0].linked_ms == wall_start_ms);
  CHECK(changed[0].level == 0);
  CHECK(k.kept.take().empty());
  // The same process, and another one.
  CHECK(k.kept.ready(peer, k.now));
  peer.storage->id = 6;
  CHECK_FALSE(k.kept.ready(peer, k.now));
  CHECK(k.kept.take()[0].memory != changed[0].memory);
}

TEST_CASE("a level that rises is kept, and lost with the memory") {
  Kept k;
  Peer& peer = k.stock("a@h", 5);
  (void)k.kept.ready(peer, k.now);
  (void)k.kept.take();
  k.kept.level(peer);
  CHECK(k.kept.take().empty());
  k.replica.peer_up(peer.id, *peer.kind, k.now);
  store::Effects effects;
  const Bytes key = encoded("k");
  REQUIRE(k.replica.erase(key, k.now, effects));
  k.replica.begin_full_state(peer.id);
  k.replica.end_full_state(peer.id, k.now, effects);
  k.kept.level(peer);
  const auto changed = k.kept.take();
  REQUIRE(changed.size() == 1);
  CHECK(changed[0].level == 1);
  peer.storage->id = 6;
  (void)k.kept.ready(peer, k.now);
  CHECK(k.kept.take()[0].level == 0);
}

TEST_CASE("one that is forgotten is neither dialled nor kept") {
  Kept k({{"a@h", 1, {1}, 0}, {"b@h", 0, {}, 0}});
  CHECK(k.kept.names() == std::vector<std::string>{"a@h"});
  const auto changed = k.kept.take();
  REQUIRE(changed.size() == 1);
  CHECK(changed[0].name == "b@h");
  CHECK(changed[0].linked_ms == 0);
}

TEST_CASE("the one that is away for the longest makes room for a new one") {
  std::vector<store::KeptPeer> earlier;
  for (std::size_t i = 0; i < kept_peers_max; ++i) {
    earlier.push_back({"n" + std::to_string(i) + "@h", static_cast<std::int64_t>(i) + 1, {}, 0});
  }
  Kept k(std::move(earlier));
  Peer& oldest = k.stock("n0@h", 5);
  Peer& peer = k.stock("new@h", 5);
  (void)oldest;
  (void)k.kept.ready(peer, k.now);
  const auto names = k.kept.names();
  CHECK(names.size() == kept_peers_max);
  CHECK(std::ranges::count(names, "n0@h") == 1);
  CHECK(std::ranges::count(names, "n1@h") == 0);
  std::vector<std::string> gone;
  for (const auto& one : k.kept.take()) {
    if (one.linked_ms == 0) gone.push_back(one.name);
  }
  CHECK(gone == std::vector<std::string>{"n1@h"});
}

TEST_CASE("names that come and go fill nothing, also where nobody saves them") {
  Kept k;
  for (std::size_t i = 0; i < 4 * kept_peers_max; ++i) {
    (void)k.kept.ready(k.stock("n" + std::to_string(i) + "@h", 5), k.now);
    k.peers.remove(k.links, k.now);
  }
  CHECK(k.kept.names().size() == kept_peers_max);
  CHECK(k.kept.take().size() <= 2 * kept_peers_max + 1);
}

TEST_CASE("names of an earlier life are dialled at once") {
  Script s(HiddenFeed::off, us, 1, RemoteAdmin::full, Saving::off, {},
           {.load = nullptr,
            .kept_peers = {{"a@h", wall_start_ms, {}, 0}, {us, wall_start_ms, {}, 0}},
            .memory_id = 0});
  const auto dialled = s.take_actions_as<KeepConnected>();
  REQUIRE(dialled.size() == 1);
  CHECK(dialled[0].peer.full() == "a@h");
}

}  // namespace
}  // namespace groot::process
