// A stock peer that sees us as visible: it pushes by itself, its state as soon as the link is up.
#include "cnode/process/limits.hpp"
#include "fake_stock.hpp"
#include "store/limits.hpp"

namespace groot::process {
namespace {

using namespace testing;

// The link is back, and the first that comes over it is the peer's state, as a BEAM sends it:
// before any question of ours is answered.
void come_back(FakeStock& peer) {
  peer.reconnect();
  peer.cast_state();
  peer.settle();
}

TEST_CASE(
    "the first state comes before we know what the peer is: it is merged, and ours is pushed") {
  Script s(HiddenFeed::announce);
  s.set("ours", "1");
  FakeStock peer(s, "a@h", Runs::groot_without_delete, true);
  peer.set("theirs", "2");
  peer.cast_state();
  CHECK(s.get("theirs") == "2");
  peer.settle();
  CHECK(peer.get("ours") == "1");
}

TEST_CASE("its own full states say what it lacks and what was deleted there") {
  Script s(HiddenFeed::announce);
  FakeStock peer(s, "a@h", Runs::groot_with_delete, true);
  peer.settle();
  s.set("lost_on_the_way", "1");
  (void)s.take_sent();
  peer.set("deleted", "1");
  peer.cast_state();
  peer.pass(store::correction_grace_ms + 10);
  peer.erase("deleted");
  peer.cast_state();
  peer.settle();
  CHECK(peer.get("lost_on_the_way") == "1");
  CHECK(s.get("deleted") == "none");
  CHECK(peer.announcements == 0);
  CHECK(peer.polls == 0);
}

TEST_CASE("after a cut the same storage process is known by its state: what is gone was deleted") {
  Script s(HiddenFeed::announce);
  FakeStock peer(s, "a@h", Runs::groot_with_delete, true);
  peer.settle();
  peer.set("deleted", "1");
  peer.set("kept", "1");
  peer.cast_state();
  peer.pass(store::correction_grace_ms + 10);
  peer.cut();
  peer.erase("deleted");
  s.set("of_ours", "2");
  const int pushed = peer.states_pushed;
  come_back(peer);
  CHECK(s.get("deleted") == "none");
  CHECK(peer.get("deleted") == "none");
  CHECK(peer.get("of_ours") == "2");
  CHECK(peer.states_pushed == pushed);
  // And it is watched like one that was asked for.
  peer.kill_storage();
  peer.pass(1'000);
  CHECK(peer.get("kept") == "1");
}

TEST_CASE("a storage process that was restarted during the cut lost its data and deleted nothing") {
  Script s(HiddenFeed::announce);
  FakeStock peer(s, "a@h", Runs::groot_with_delete, true);
  peer.settle();
  peer.set("k", "1");
  peer.cast_state();
  peer.pass(store::correction_grace_ms + 10);
  peer.cut();
  peer.kill_storage();
  come_back(peer);
  CHECK(s.get("k") == "1");
  CHECK(peer.get("k") == "1");
}

TEST_CASE("clocks go to a peer, and come from it") {
  Script s(HiddenFeed::announce);
  FakeStock peer(s, "a@h", Runs::groot_without_delete, true);
  peer.settle();
  s.pass(1);
  (void)s.take_sent();
  s.pass(clock_sync_interval_ms);
  int clocks = 0;
  for (const Sent& sent : s.take_sent_as<dist::RegSend>()) {
    if (sent.get<dist::RegSend>()->to == "Elixir.Groot.ClockSync") ++clocks;
  }
  CHECK(clocks == 1);
  const auto ahead = static_cast<std::uint64_t>(s.now.wall_ms) + 60'000;
  s.cast(peer.link, "Elixir.Groot.ClockSync",
         ei_codec::tuple({ei_codec::atom("sync_remote_clock"), stamp_term(ahead, 0, 9)}));
  CHECK(s.replica.send_timestamp(s.now)->time_ms >= ahead);
}

}  // namespace
}  // namespace groot::process
