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
      case JournalEntry::What::set_aside:
        words.push_back("set aside " + describe(*entry.reg));
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

TEST_CASE("what expired in the meantime is hidden, until it is known what time it is") {
  Script s;
  s.replica.keep_journal();
  const Now read = s.now;
  (void)s.replica.believe(read);
  const auto brief = make_value("brief", "2", s.stamp(-5'000), wall_start_ms);
  s.replica.restore({brief->view(), 0}, s.now);
  CHECK(s.get("brief") == "none");
  CHECK(journal(s).empty());
  s.now = s.replica.believe(read);
  s.replica.wake(s.now, s.effects);
  CHECK(s.replica.size() == 1);
  SUBCASE("a peer says so") {
    s.replica.wall_time().heard(5, 0);
  }
  SUBCASE("nobody is there to say so") {
    s.pass(deadlines_await_ms_max);
  }
  s.now = s.replica.believe(s.now);
  s.replica.wake(s.now, s.effects);
  CHECK(s.replica.size() == 0);
  CHECK(journal(s) == Words{"stored " + s.description("brief")});
  CHECK(s.description("brief") == describe(*Register::make(expiry_tombstone(brief->view()))));
}

TEST_CASE("the clock was ahead at the start only: what had not expired is there again") {
  Script s;
  const Now read = s.now;
  (void)s.replica.believe(read);
  const auto brief = make_value("brief", "2", s.stamp(-5'000), wall_start_ms - 1'000);
  s.replica.restore({brief->view(), 0}, s.now);
  s.replica.wall_time().heard(5, -60'000);
  s.now = s.replica.believe(read);
  s.replica.wake(s.now, s.effects);
  CHECK(text_of(s.replica.get(term("brief"), s.now.deadline_ms())) == "2");
}

TEST_CASE("the clock goes on above where it was, and above what it may have issued since") {
  Script s;
  const Timestamp last = s.stamp(drift_max_ms, 5);
  s.replica.restore_clock(last, 0, s.now);
  CHECK(s.replica.send_timestamp(s.now) > last);
  s.replica.restore_clock(s.stamp(-1'000), 0, s.now);
  CHECK(s.replica.send_timestamp(s.now) > last);
  s.replica.restore_clock(last, 100, s.now);
  CHECK(s.replica.send_timestamp(s.now) > s.stamp(drift_max_ms + 100, 5));
  CHECK(s.replica.restored().clock_ahead_ms == 0);
}

TEST_CASE("a clock of an earlier run that is implausibly ahead is not gone on from") {
  constexpr std::int64_t year = 365LL * 86'400'000;
  Script s;
  const auto theirs = make_value("theirs", "1", s.stamp(year));
  const auto ours = make_value("ours", "2", s.stamp(-5));
  s.replica.restore_clock(s.stamp(drift_max_ms + 1), 0, s.now);
  CHECK(s.replica.restored().clock_ahead_ms == drift_max_ms + 1);
  s.replica.restore({theirs->view(), 0}, s.now);
  s.replica.restore({ours->view(), 0}, s.now);
  CHECK(s.replica.restored().ahead == 1);
  CHECK(s.replica.restored().ahead_ms_max == year);
  // Where it is held it is beaten; elsewhere stamps are of now.
  s.set("theirs", "3");
  CHECK(s.description("theirs") == "theirs=3@1731536000000.1@0000000000000001");
  s.set("ours", "4");
  CHECK(s.held("ours")->stamp() == s.stamp(0, 1));
  CHECK(s.replica.send_timestamp(s.now)->time_ms == s.stamp(0).time_ms);
}

TEST_CASE("restamp_future: what is implausibly ahead gets stamps of now, and its time to live") {
  constexpr std::int64_t year = 365LL * 86'400'000;
  Script s(ReplicaOptions{.node_id = 1, .restamp_future = true});
  s.replica.keep_journal();
  const auto value = make_value("value", "1", s.stamp(year));
  const auto brief = make_value("brief", "2", s.stamp(year), wall_start_ms + year + 3'600'000);
  const auto gone = make_tombstone("gone", {time_ms_max, 65535, 3});
  const auto kept = make_value("kept", "3", s.stamp(drift_max_ms));
  for (const auto& reg : {value, brief, gone, kept}) s.replica.restore({reg->view(), 0}, s.now);
  CHECK(s.replica.restored().restamped == 3);
  CHECK(s.replica.restored().ahead == 0);
  CHECK(s.description("value") == "value=1@1700000000000.0@0000000000000001");
  CHECK(s.description("brief") == "brief=2@1700000000000.1@0000000000000001 until 1700003600000");
  CHECK(s.description("gone") == "gone deleted@1700000000000.2@0000000000000001");
  CHECK(s.held("kept")->stamp() == s.stamp(drift_max_ms));
  CHECK(journal(s).size() == 3);
}

TEST_CASE("a kept register with an absurd stamp is left out, and counted") {
  Script s;
  const auto absurd = make_value("absurd", "1", {stamp_time_ms_end, 0, 3});
  const auto last = make_value("last", "2", {stamp_time_ms_end - 1, 65535, 3});
  s.replica.restore({absurd->view(), 0}, s.now);
  s.replica.restore({last->view(), 0}, s.now);
  CHECK(s.description("absurd") == "none");
  CHECK(s.get("last") == "2");
  CHECK(s.replica.restored().refused == 1);
  CHECK(s.replica.restored().ahead == 1);
  CHECK(s.replica.refused_stamps() == 1);
}

TEST_CASE("a tombstone that was saved by a clock far ahead lives no longer, and is compared") {
  Script s(ReplicaOptions{.node_id = 1, .tombstone_ttl_ms = 1'000});
  const Bytes key = term("k");
  constexpr std::int64_t year_ms = 365LL * 86'400'000;
  const RegisterView deleted{key, nil_value(), s.stamp(-10), RegisterKind::tombstone};
  s.replica.restore({deleted, s.now.wall_ms + year_ms}, s.now);
  CHECK(s.replica.registers().within({}).size() == 1);
  s.pass(1'000);
  s.replica.wake(s.now, s.effects);
  CHECK(s.replica.registers().size() == 0);
}
