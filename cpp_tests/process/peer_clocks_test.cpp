// What time it is at the peers: asked when a link comes up and from time to time, and what
// deadlines are held against.
#include <algorithm>

#include "cnode/process/limits.hpp"
#include "fake_stock.hpp"
#include "pair.hpp"
#include "store/limits.hpp"

namespace groot::process {
namespace {

using namespace testing;

// From now on this node goes by what the replica believes.
void believe(Script& s) {
  s.now = s.replica.believe(s.now);
}

void set(Script& s, std::string_view key, std::int64_t expires_in_ms) {
  store::Effects effects;
  REQUIRE(s.replica.set(encoded(key), encoded("v"), expires_in_ms, s.now, effects));
  s.router.perform(std::move(effects), s.now);
}

std::string get(const Script& s, std::string_view key) {
  const auto reg = s.replica.get(encoded(key), s.now.deadline_ms());
  return reg ? text(reg->value()) : "none";
}

TEST_CASE("a peer is asked when its link comes up, and every 10 s") {
  Script s;
  believe(s);
  FakeStock peer(s, "a@h", Runs::groot_with_delete);
  const auto asked = [&peer] {
    return std::ranges::count(peer.calls, std::string("erlang:system_time/1"));
  };
  believe(s);
  CHECK_FALSE(s.now.knows_deadlines());
  peer.clock_ahead_ms = -40'000;
  peer.settle();
  believe(s);
  CHECK(asked() == 1);
  CHECK(s.now.knows_deadlines());
  CHECK(s.now.deadlines_ahead_ms == -40'000);
  peer.clock_ahead_ms = 7;
  peer.pass(clock_question_interval_ms);
  believe(s);
  CHECK(asked() == 2);
  CHECK(s.now.deadlines_ahead_ms == 0);
  peer.cut();
  believe(s);
  CHECK(s.now.deadlines_ahead_ms == 0);
}

TEST_CASE("a peer that cannot say what time it is keeps nothing from expiring") {
  Script s;
  believe(s);
  FakeStock peer(s, "a@h", Runs::groot_with_delete);
  peer.canned["erlang:system_time"] = ei_codec::atom("undef");
  believe(s);
  CHECK_FALSE(s.now.knows_deadlines());
  peer.pass(1);
  believe(s);
  CHECK(s.now.knows_deadlines());
  CHECK(s.now.deadlines_ahead_ms == 0);
  // Nor one that is silent.
  FakeStock silent(s, "b@h", Runs::groot_with_delete);
  silent.answers = false;
  believe(s);
  CHECK_FALSE(s.now.knows_deadlines());
  silent.pass(request_timeout_ms + 10);
  believe(s);
  CHECK(s.now.knows_deadlines());
}

TEST_CASE("clocks that are far apart are reported, once an hour") {
  Script s;
  believe(s);
  FakeStock peer(s, "a@h", Runs::groot_with_delete);
  peer.clock_ahead_ms = -store::drift_max_ms - 1'000;
  peer.settle();
  const auto lines = s.take_warnings();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0] == "the clocks of a@h and of this node are 301 s apart: that one is behind");
  peer.pass(3 * clock_question_interval_ms);
  CHECK(s.take_warnings().empty());
}

TEST_CASE(
    "a node that is 40 s ahead ends no deadline of 30 s before its time, and neither says so") {
  Pair pair;
  pair.b.now.wall_ms += 40'000;
  for (Script* s : {&pair.a, &pair.b}) believe(*s);
  pair.connect();
  const auto pass = [&pair](std::int64_t ms) {
    for (Script* s : {&pair.a, &pair.b}) believe(*s);
    pair.pass(ms);
    for (Script* s : {&pair.a, &pair.b}) believe(*s);
  };
  pass(0);
  set(pair.a, "of_a", 30'000);
  set(pair.b, "of_b", 30'000);
  pair.settle();
  for (int second = 0; second < 29; ++second) {
    for (const Script* s : {&pair.a, &pair.b}) {
      CHECK(get(*s, "of_a") == "v");
      CHECK(get(*s, "of_b") == "v");
    }
    pass(1'000);
  }
  pass(2'000);
  for (const Script* s : {&pair.a, &pair.b}) {
    CHECK(get(*s, "of_a") == "none");
    CHECK(get(*s, "of_b") == "none");
    CHECK(s->replica.size() == 0);
  }
}

TEST_CASE("what time it is here, in the units of a BEAM") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  const auto at = [&](std::string_view unit) {
    return s.rpc_text(link, "erlang", "system_time", unit);
  };
  CHECK(at("[millisecond]") == std::to_string(s.now.wall_ms));
  CHECK(at("[second]") == std::to_string(s.now.wall_ms / 1'000));
  CHECK(at("[microsecond]") == std::to_string(s.now.wall_ms) + "000");
  CHECK(at("[native]") == std::to_string(s.now.wall_ms) + "000000");
  for (const std::string_view bad : {"[day]", "[1]"}) {
    CHECK(at(bad).starts_with("{error,badarg,[{erlang,system_time,["));
  }
}

TEST_CASE("a jump of our clock, and refused stamps, stand in the status; else nothing does") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  const auto status = [&] {
    (void)s.take_sent();
    s.receive(link, dist::RegSend{s.pid_of(link), "Elixir.Groot.Storage"},
              ei_codec::tuple({ei_codec::atom("system"),
                               ei_codec::tuple({Term(s.pid_of(link)), Term(s.new_reference(link))}),
                               ei_codec::atom("get_status")}));
    const auto sent = s.take_sent();
    REQUIRE(sent.size() == 1);
    return text(sent[0].message);
  };
  believe(s);
  CHECK(status().find("Clock") == std::string::npos);
  CHECK(status().find("Refused") == std::string::npos);
  Now read = s.now;
  read.wall_ms += 86'400'000;
  CHECK(s.replica.believe(read).wall_ms == s.now.wall_ms);
  CHECK(status().find("{\"Clock\",{jumped_ms,86400000}}") != std::string::npos);
  s.cast(link, "Elixir.Groot.Storage",
         ei_codec::tuple(
             {ei_codec::atom("update_register"),
              register_term(ei_codec::atom("k"), ei_codec::atom("v"), store::stamp_time_ms_end)}));
  CHECK(status().find("{\"Refused stamps\",1}") != std::string::npos);
  CHECK(s.take_warnings().size() == 1);
}

}  // namespace
}  // namespace groot::process
