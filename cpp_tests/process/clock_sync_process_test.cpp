#include "cnode/process/clock_sync_process.hpp"

#include "cnode/process/limits.hpp"
#include "cnode/process/timestamp_codec.hpp"
#include "ei_codec/term_encode.hpp"
#include "fake_stock.hpp"

namespace groot::process {
namespace {

using namespace testing;
using ei_codec::atom;
using ei_codec::tuple;

store::Timestamp stamp_of(const Term& term) {
  const Bytes bytes = encode_term(term);
  ei_codec::TermReader reader(ScannedTerm::trusted(bytes));
  const auto stamp = read_timestamp(reader);
  REQUIRE(stamp);
  return *stamp;
}

store::Timestamp clock(Script& s, LinkId link, const Term& request) {
  const Term reply = s.call(link, "Elixir.Groot.Clock", request);
  const auto* ok = reply.get_if<ei_codec::Tuple>();
  REQUIRE(ok);
  REQUIRE(ok->elements.at(0).is_atom("ok"));
  return stamp_of(ok->elements.at(1));
}

const auto wall = static_cast<std::uint64_t>(wall_start_ms);

TEST_CASE("the clock: each stamp above the one before and above what was received") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  const auto first = clock(s, link, atom("send_timestamp"));
  const auto second = clock(s, link, atom("send_timestamp"));
  CHECK(first < second);
  const store::Timestamp theirs{wall + 1'000, 5, 9};
  const auto merged =
      clock(s, link, tuple({atom("recv_timestamp"), stamp_term(wall + 1'000, 5, 9)}));
  CHECK(merged > theirs);
  CHECK(clock(s, link, atom("send_timestamp")) > merged);
}

TEST_CASE("a clock too far ahead is not followed") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  (void)s.take_warnings();
  const auto drift = static_cast<std::uint64_t>(store::drift_max_ms);
  const auto ahead = [&](std::uint64_t ms) {
    return text(s.call(link, "Elixir.Groot.Clock",
                       tuple({atom("recv_timestamp"), stamp_term(wall + ms, 0, 9)})));
  };
  CHECK(ahead(drift + 1) == "{error,remote_drift_violation}");
  CHECK(clock(s, link, atom("send_timestamp")).time_ms == wall);
  CHECK(ahead(drift).starts_with("{ok,"));
  s.cast(link, "Elixir.Groot.ClockSync",
         tuple({atom("sync_remote_clock"), stamp_term(wall + drift + 1, 0, 9)}));
  const auto lines = s.take_warnings();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].find("a@h") != std::string::npos);
}

TEST_CASE("a peer's cast moves the clock; what is no stamp moves nothing") {
  Script s;
  const LinkId link = s.quiet_up("a@h");
  s.cast(link, "Elixir.Groot.ClockSync",
         tuple({atom("sync_remote_clock"), stamp_term(wall + 500, 0, 9)}));
  CHECK(clock(s, link, atom("send_timestamp")).time_ms == wall + 500);
  (void)s.take_warnings();
  s.cast(link, "Elixir.Groot.ClockSync", erl("{sync_remote_clock,now}"));
  s.cast(link, "Elixir.Groot.ClockSync", erl("sync"));
  CHECK(s.take_warnings().size() == 1);
  for (const std::string_view bad : {"{recv_timestamp,now}", "what", "{send_timestamp}"}) {
    CHECK(text(s.call(link, "Elixir.Groot.Clock", erl(bad))).starts_with("{error,{unknown"));
  }
}

TEST_CASE("every 3 s one peer with Groot gets our clock, others never") {
  Script s;
  FakeStock without(s, "plain@h", Runs::no_groot);
  without.settle();
  FakeStock with(s, "groot@h", Runs::groot_with_delete);
  with.settle();
  int sent = 0;
  for (int seconds = 0; seconds < 30; ++seconds) {
    s.pass(1'000);
    for (const Sent& frame : s.take_sent()) {
      const auto* message = frame.get<dist::RegSend>();
      if (!message || message->to != "Elixir.Groot.ClockSync") continue;
      ++sent;
      CHECK(frame.link == with.link);
      CHECK(text(frame.message).starts_with("{'$gen_cast',{sync_remote_clock,#{"));
    }
  }
  CHECK(sent >= 9);
  CHECK(sent <= 11);
}

TEST_CASE("a stamp whose counter is near its end is not sent: a stock clock would crash on it") {
  Script s;
  FakeStock stock(s, "groot@h", Runs::groot_with_delete);
  stock.settle();
  s.pass(clock_sync_interval_ms);
  (void)s.take_sent();
  // Our clock runs ahead of the wall, so that its counter counts on.
  const auto send_at = [&](std::uint64_t counter) {
    (void)s.replica.receive_timestamp({wall + 100'000, static_cast<std::uint16_t>(counter), 9},
                                      s.now);
    int sent = 0;
    s.pass(clock_sync_interval_ms);
    for (const Sent& frame : s.take_sent_as<dist::RegSend>()) {
      sent += frame.get<dist::RegSend>()->to == "Elixir.Groot.ClockSync" ? 1 : 0;
    }
    return sent;
  };
  CHECK(send_at(100) == 1);
  CHECK(send_at(sent_counter_max) == 0);
}

}  // namespace
}  // namespace groot::process
