// What outlives the process: the journal of a replica's changes, and registers taken in again.
#include "script.hpp"

using namespace groot::store;
using namespace groot::store::testing;

namespace {

// "stored key=value@…", "dropped key deleted@…", "cleared".
Words journal(Script& s) {
  Words words;
  for (const JournalEntry& entry : s.replica.take_journal()) {
    switch (entry.what) {
      case JournalEntry::What::stored:
        words.push_back("stored " + describe(*entry.reg));
        break;
      case JournalEntry::What::dropped:
        words.push_back("dropped " + describe(*entry.reg));
        break;
      case JournalEntry::What::cleared:
        words.push_back("cleared");
        break;
    }
  }
  return words;
}

}  // namespace

TEST_CASE("every change of a register is in the journal, in order, and nothing else") {
  Script s(ReplicaOptions{.node_id = 1, .tombstone_ttl_ms = 1'000});
  s.set("before", "1");
  CHECK(s.replica.journal_end() == 0);
  s.replica.keep_journal();
  s.set("a", "1");
  s.merge("b", "2", s.stamp(5));
  s.merge("b", "older", s.stamp(4));
  s.erase("a");
  const std::string deleted = s.description("a");
  const Words first = journal(s);
  REQUIRE(first.size() == 3);
  CHECK(first[0].starts_with("stored a=1@"));
  CHECK(first[1] == "stored " + s.description("b"));
  CHECK(first[2] == "stored " + deleted);
  CHECK(s.replica.journal_end() == 3);
  s.pass(1'000);
  s.replica.wake(s.now, s.effects);
  CHECK(journal(s) == Words{"dropped " + deleted});
  s.replica.clear(s.effects);
  CHECK(journal(s) == Words{"cleared"});
  CHECK(s.replica.journal_end() == 5);
}

TEST_CASE("registers of an earlier run: as if they had been here all the time, with no effects") {
  Script s;
  s.replica.keep_journal();
  const auto value = make_value("a", "1", s.stamp(-5'000));
  const auto brief = make_value("brief", "2", s.stamp(-5'000), wall_start_ms + 100);
  const auto tombstone = make_tombstone("gone", s.stamp(-5'000));
  s.replica.restore({value->view(), 0}, s.now);
  s.replica.restore({brief->view(), 0}, s.now);
  s.replica.restore({tombstone->view(), wall_start_ms - tombstone_ttl_ms_default + 200}, s.now);
  CHECK(s.effects.empty());
  CHECK(journal(s).empty());
  CHECK(s.replica.size() == 2);
  CHECK(s.get("a") == "1");
  CHECK(s.replica.next_wake_wall_ms() == wall_start_ms + 100);
  s.pass(100);
  s.replica.wake(s.now, s.effects);
  CHECK(s.description("brief").starts_with("brief deleted@"));
  s.pass(100);
  s.replica.wake(s.now, s.effects);
  CHECK(s.description("gone") == "none");
  // Not so young that a peer whose state lacks it could be about to get it.
  s.replica.peer_up(7, PeerKind::stock_without_delete, s.now);
  s.full_state(7, {});
  CHECK(s.sent_to(7) == Words{"a"});
}

TEST_CASE("what expired in the meantime comes as its tombstone") {
  Script s;
  s.replica.keep_journal();
  const auto brief = make_value("brief", "2", s.stamp(-5'000), wall_start_ms);
  s.replica.restore({brief->view(), 0}, s.now);
  CHECK(s.replica.size() == 0);
  CHECK(journal(s) == Words{"stored " + s.description("brief")});
  CHECK(s.description("brief") == describe(*Register::make(expiry_tombstone(brief->view()))));
}

TEST_CASE("the clock goes on above where it was, however wrong wall time is") {
  Script s;
  const Timestamp last = s.stamp(1'000'000'000, 5);
  s.replica.restore_clock(last);
  CHECK(s.replica.send_timestamp(s.now) > last);
  s.replica.restore_clock(s.stamp(-1'000));
  CHECK(s.replica.send_timestamp(s.now) > last);
}
