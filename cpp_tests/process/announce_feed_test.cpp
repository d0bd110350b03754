#include "cnode/process/announce_feed.hpp"

#include <utility>

#include "cnode/process/limits.hpp"
#include "fake_stock.hpp"
#include "store/limits.hpp"

namespace groot::process {
namespace {

using namespace testing;

// Past the fetches that follow link up, and none under way.
void calm(FakeStock& peer) {
  peer.pass(5'000);
  peer.announcements = 0;
  peer.polls = 0;
}

TEST_CASE("the peer's state is fetched on link up, and again after each change, soon") {
  Script s(HiddenFeed::announce);
  FakeStock peer(s, "a@h", Runs::groot_with_delete);
  peer.set("before", "1");
  peer.settle();
  CHECK(s.get("before") == "1");
  calm(peer);
  peer.set("k", "2");
  peer.pass(quiet_poll_interval_ms + 10);
  CHECK(s.get("k") == "2");
  peer.erase("before");
  peer.pass(quiet_poll_interval_ms + 10);
  CHECK(s.get("before") == "none");
}

TEST_CASE("without a change there are questions four times a second and no fetch") {
  Script s(HiddenFeed::announce);
  FakeStock peer(s, "a@h", Runs::groot_with_delete);
  calm(peer);
  peer.pass(60'000);
  CHECK(peer.announcements == 0);
  CHECK(peer.polls >= 235);
  CHECK(peer.polls <= 241);
}

TEST_CASE("after a change there are questions ten times a second for a while") {
  Script s(HiddenFeed::announce);
  FakeStock peer(s, "a@h", Runs::groot_with_delete);
  peer.set("k", "1");
  peer.settle();
  REQUIRE(s.get("k") == "1");
  const int before = peer.polls;
  peer.pass(quiet_after_ms - 5'000);
  // Fewer by those that fall into a fetch.
  CHECK(peer.polls - before >= 45);
}

TEST_CASE("all peers are asked at the same instants: one wake-up for all") {
  Script s(HiddenFeed::announce);
  FakeStock a(s, "a@h", Runs::groot_with_delete);
  a.settle();
  s.pass(37);
  FakeStock b(s, "b@h", Runs::groot_with_delete);
  b.settle();
  s.pass(1'000);
  int asked = 0;
  for (const Sent& sent : s.take_sent()) {
    asked += text(sent.message).find("process_info") != std::string::npos ? 1 : 0;
  }
  // No answers: one question a peer, however long that takes.
  CHECK(asked == 2);
  for (int i = 0; i < 20; ++i) {
    const auto next = s.router.next_wake_ms(s.now);
    REQUIRE(next);
    CHECK(*next > s.now.monotonic_ms);
    s.pass(*next - s.now.monotonic_ms);
    for (const Sent& sent : s.take_sent()) {
      if (text(sent.message).find("process_info") == std::string::npos) continue;
      CHECK(s.now.monotonic_ms % quiet_poll_interval_ms == 0);
    }
  }
}

TEST_CASE("a process that is busy is waited for, but not for ever") {
  Script s(HiddenFeed::announce);
  FakeStock peer(s, "a@h", Runs::groot_with_delete);
  calm(peer);
  constexpr std::int64_t took_ms = 40;
  peer.after_state_cast = [&] { s.pass(took_ms); };
  peer.works();
  peer.pass(2'000);
  REQUIRE(peer.announcements == 1);
  // It works for a while.
  peer.busy = true;
  peer.set("k", "1");
  peer.pass(quiet_poll_interval_ms);
  peer.polls = 0;
  peer.pass(2 * poll_interval_ms);
  CHECK(peer.polls == 2);
  CHECK(peer.announcements == 1);
  peer.busy = false;
  peer.pass(poll_interval_ms + 5);
  CHECK(peer.announcements == 2);
  CHECK(s.get("k") == "1");
  // It never rests.
  peer.pass(5'000);
  peer.busy = true;
  peer.set("k", "2");
  peer.pass(busy_patience_factor * took_ms - 50);
  CHECK(s.get("k") == "1");
  peer.pass(quiet_poll_interval_ms + 2 * poll_interval_ms);
  CHECK(s.get("k") == "2");
}

TEST_CASE("another node's fetch is known by what it takes, where no write takes as much") {
  Script s(HiddenFeed::announce);
  FakeStock peer(s, "a@h", Runs::groot_with_delete);
  for (const std::int64_t takes : {foreign_fetch_cost_min, foreign_fetch_cost_min - 1}) {
    peer.announcement_reductions = takes;
    peer.works();
    calm(peer);
    peer.works(takes);
    peer.pass(1'000);
    CHECK(peer.announcements == (takes < foreign_fetch_cost_min ? 1 : 0));
    peer.announcements = 0;
    peer.works(takes + 1);
    peer.pass(1'000);
    CHECK(peer.announcements == 1);
  }
}

TEST_CASE("a fetch with which something else was handled is confirmed, another one is not") {
  Script s(HiddenFeed::announce);
  FakeStock peer(s, "a@h", Runs::groot_with_delete);
  calm(peer);
  peer.works();
  peer.pass(5'000);
  CHECK(peer.announcements == 1);
  peer.announcements = 0;
  peer.after_state_cast = [&] {
    peer.after_state_cast = nullptr;
    peer.works();
  };
  peer.works();
  peer.pass(confirm_delay_ms - 100);
  CHECK(peer.announcements == 1);
  peer.pass(5'000);
  // As the second one was cheaper than the one before, it proves nothing yet.
  CHECK(peer.announcements == 3);
}

TEST_CASE("the race: a write between the state and the count after it is heard all the same") {
  Script s(HiddenFeed::announce);
  FakeStock peer(s, "a@h", Runs::groot_with_delete);
  calm(peer);
  peer.set("seen", "1");
  // Handled after the state was cast and before the reductions were read.
  peer.after_state_cast = [&] {
    peer.after_state_cast = nullptr;
    peer.set("missed", "1");
  };
  peer.pass(quiet_poll_interval_ms + 10);
  CHECK(s.get("seen") == "1");
  CHECK(s.get("missed") == "none");
  peer.pass(confirm_delay_ms + quiet_poll_interval_ms);
  CHECK(s.get("missed") == "1");
}

TEST_CASE("a fetch that brings news is confirmed until one brings none") {
  Script s(HiddenFeed::announce);
  FakeStock peer(s, "a@h", Runs::groot_with_delete);
  calm(peer);
  int writes = 0;
  peer.after_state_cast = [&] {
    if (writes < 5) peer.set("k" + std::to_string(writes++), "1");
  };
  peer.set("first", "1");
  peer.pass(6 * (confirm_delay_ms + poll_interval_ms));
  for (int i = 0; i < 5; ++i) CHECK(s.get("k" + std::to_string(i)) == "1");
  calm(peer);
  // With the five seconds of calm less than the sync interval, and several confirmations long.
  peer.pass(4'000);
  CHECK(peer.announcements == 0);
}

TEST_CASE("at most a tenth of the time goes into fetching") {
  Script s(HiddenFeed::announce);
  FakeStock peer(s, "a@h", Runs::groot_with_delete);
  calm(peer);
  // Every fetch takes 40 ms, and something changes all the time.
  std::int64_t fetching = 0;
  peer.after_state_cast = [&] {
    s.pass(40);
    fetching += 40;
  };
  const std::int64_t start = s.now.monotonic_ms;
  while (s.now.monotonic_ms < start + 20'000) {
    peer.set("k", std::to_string(s.now.monotonic_ms));
    peer.pass(5);
  }
  const std::int64_t passed = s.now.monotonic_ms - start;
  CHECK(fetching >= passed / 20);
  CHECK(fetching <= passed / 10);
}

TEST_CASE("a process that stood still for a day in a fetch does not rest for nine") {
  Script s(HiddenFeed::announce);
  FakeStock peer(s, "a@h", Runs::groot_with_delete);
  calm(peer);
  bool stood_still = false;
  peer.after_state_cast = [&] {
    if (!std::exchange(stood_still, true)) s.now.monotonic_ms += 86'400'000;
  };
  peer.set("k", "1");
  peer.pass(quiet_poll_interval_ms + 10);
  REQUIRE(stood_still);
  peer.set("k", "2");
  peer.pass(quiet_poll_interval_ms + 10);
  CHECK(s.get("k") == "2");
}

TEST_CASE("a delete that we missed during a cut is not undone by us") {
  Script s(HiddenFeed::announce);
  FakeStock peer(s, "a@h", Runs::groot_with_delete);
  peer.settle();
  s.set("deleted", "1");
  s.set("kept", "1");
  calm(peer);
  REQUIRE(peer.get("deleted") == "1");
  peer.cut();
  s.pass(1'000);
  peer.erase("deleted");
  s.set("ours", "1");
  peer.reconnect();
  peer.pass(200);
  CHECK(s.get("deleted") == "none");
  CHECK(peer.get("deleted") == "none");
  CHECK(s.get("kept") == "1");
  CHECK(peer.get("ours") == "1");
}

TEST_CASE("0.1.x has no delete: what is absent there was lost, and is given back") {
  Script s(HiddenFeed::announce);
  FakeStock peer(s, "a@h", Runs::groot_without_delete);
  peer.settle();
  s.set("k", "1");
  s.set("stays", "1");
  calm(peer);
  peer.erase("k");
  peer.pass(1'000);
  CHECK(s.get("k") == "1");
  CHECK(peer.get("k") == "1");
}

TEST_CASE("but all that a process showed cannot be lost while it lives: it was wiped") {
  Script s(HiddenFeed::announce);
  FakeStock peer(s, "a@h", Runs::groot_without_delete);
  peer.settle();
  s.set("k", "1");
  s.set("l", "1");
  calm(peer);
  peer.erase("k");
  peer.erase("l");
  peer.pass(60'000);
  CHECK(s.get("k") == "none");
  CHECK(peer.get("k") == "none");
  CHECK(peer.get("l") == "none");
}

TEST_CASE("what one peer tells us reaches another that does not know that one") {
  Script s(HiddenFeed::announce);
  FakeStock peer(s, "a@h", Runs::groot_with_delete);
  const LinkId other = s.quiet_up("b@h");
  calm(peer);
  const std::string reg =
      "#{key => k,value => 1,hlc => #{'__struct__' => 'Elixir.HLClock.Timestamp',"
      "time => 1000,counter => 0,node_id => 7}}";
  s.receive(other, dist::RegSend{s.pid_of(other), "Elixir.Groot.Storage"},
            erl("{'$gen_cast',{update_register," + reg + "}}"));
  REQUIRE(s.get("k") == "1");
  peer.pass(sync_interval_max_ms + 100);
  CHECK(peer.get("k") == "1");
  // And that is the end of it.
  peer.pass(2 * sync_interval_max_ms);
  peer.announcements = 0;
  peer.pass(2 * sync_interval_max_ms);
  CHECK(peer.announcements == 0);
}

TEST_CASE("a storage process that dies takes nothing with it here") {
  Script s(HiddenFeed::announce);
  FakeStock peer(s, "a@h", Runs::groot_with_delete);
  peer.settle();
  s.set("ours", "1");
  peer.set("theirs", "2");
  calm(peer);
  REQUIRE(s.get("theirs") == "2");
  peer.kill_storage();
  peer.pass(200);
  for (const char* key : {"ours", "theirs"}) CHECK(s.get(key) == peer.get(key));
  CHECK(s.get("ours") == "1");
  CHECK(peer.get("theirs") == "2");
  peer.set("new", "3");
  peer.pass(quiet_poll_interval_ms + 10);
  CHECK(s.get("new") == "3");
}

TEST_CASE("a state with a register that cannot be read proves no delete") {
  Script s(HiddenFeed::announce);
  FakeStock peer(s, "a@h", Runs::groot_with_delete);
  peer.set("k", "1");
  calm(peer);
  REQUIRE(s.get("k") == "1");
  s.receive(peer.link, dist::RegSend{peer.storage(), "Elixir.Groot.Storage"},
            erl("{'$gen_cast',{update_registers,#{k => #{key => k}}}}"));
  CHECK(s.get("k") == "1");
}

TEST_CASE("a map from another process of a stock node is a part, not a state") {
  Script s(HiddenFeed::announce);
  FakeStock peer(s, "a@h", Runs::groot_with_delete);
  peer.set("k", "1");
  calm(peer);
  s.receive(peer.link, dist::RegSend{s.pid_of(peer.link), "Elixir.Groot.Storage"},
            erl("{'$gen_cast',{update_registers,#{}}}"));
  CHECK(s.get("k") == "1");
  s.receive(peer.link, dist::RegSend{peer.storage(), "Elixir.Groot.Storage"},
            erl("{'$gen_cast',{update_registers,#{}}}"));
  CHECK(s.get("k") == "none");
}

TEST_CASE("an announcement that is not answered is given up and made again") {
  Script s(HiddenFeed::announce);
  FakeStock peer(s, "a@h", Runs::groot_with_delete);
  calm(peer);
  (void)s.take_warnings();
  peer.set("k", "1");
  peer.loses_announcements = true;
  peer.pass(quiet_poll_interval_ms + 10);
  REQUIRE(peer.announcements == 1);
  peer.loses_announcements = false;
  peer.pass(fetch_timeout_ms - 1'000);
  CHECK(peer.announcements == 1);
  peer.pass(1'000 + sync_interval_min_ms + 10);
  CHECK(s.get("k") == "1");
  CHECK(s.take_warnings().size() == 1);
}

TEST_CASE("a sync that falls due while the count is awaited waits, too") {
  Script s(HiddenFeed::announce);
  FakeStock peer(s, "a@h", Runs::groot_with_delete);
  calm(peer);
  peer.loses_announcements = true;
  peer.set("k", "1");
  peer.pass(sync_interval_min_ms - 100);
  peer.cast_state();
  peer.settle(true);
  // Each wake-up on the way must not ask for another one at the same instant.
  s.pass(request_timeout_ms - 100);
  CHECK(s.get("k") == "1");
}

TEST_CASE("a visible peer pushes by itself: no announcement, no questions") {
  Script s(HiddenFeed::announce);
  FakeStock peer(s, "a@h", Runs::groot_with_delete, true);
  peer.set("k", "1");
  peer.pass(30'000);
  CHECK(peer.announcements == 0);
  CHECK(peer.polls == 0);
  peer.cast_state();
  CHECK(s.get("k") == "1");
  peer.erase("k");
  peer.cast_state();
  CHECK(s.get("k") == "none");
}

TEST_CASE("off: nothing is asked, what we write still goes out") {
  Script s(HiddenFeed::off);
  FakeStock peer(s, "a@h", Runs::groot_with_delete);
  peer.set("k", "1");
  peer.pass(30'000);
  CHECK(peer.announcements == 0);
  CHECK(peer.polls == 0);
  CHECK(s.get("k") == "none");
  s.set("ours", "1");
  peer.settle();
  CHECK(peer.get("ours") == "1");
}

}  // namespace
}  // namespace groot::process
