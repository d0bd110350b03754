// A peer of ours that says odd things, of another version, or nothing at all.
#include "cnode/process/exchange_round.hpp"

#include <algorithm>
#include <string>

#include "cnode/process/limits.hpp"
#include "cnode/process/peer_process.hpp"
#include "ei_codec/term_encode.hpp"
#include "ei_codec/term_scan.hpp"
#include "exchange_script.hpp"

namespace groot::process {
namespace {

using namespace testing;

// A node of ours with a peer that is another one, played by the test.
struct Played {
  Script s;
  LinkId link = 0;

  // Answers the hello with `answer`.
  explicit Played(const std::string& peer, std::string_view answer = "{hello,4,#{hash => 0}}") {
    for (int i = 0; i < 100; ++i) hold(s, {.key = i});
    link = s.up(peer);
    for (const Sent& sent : s.take_sent()) {
      const auto* call = sent.get<dist::RegSend>();
      if (!call || call->to != peer_process_name) continue;
      const auto& from = sent.message.get_if<ei_codec::Tuple>()->elements.at(1);
      const auto& parts = from.get_if<ei_codec::Tuple>()->elements;
      s.receive(link, dist::Send{s.pid_of(link), *parts.at(0).get_if<Pid>()},
                ei_codec::tuple({parts.at(1), erl(answer)}));
    }
  }

  void say(const ExchangeMessage& message) {
    s.receive_bytes(link, dist::RegSend{s.pid_of(link), std::string(peer_process_name)},
                    whole(encode_exchange(message)));
  }
  // The exchange's messages since the last call.
  std::vector<ExchangeMessage> heard() {
    std::vector<ExchangeMessage> messages;
    for (const Sent& sent : s.take_sent()) {
      const auto* named = sent.get<dist::RegSend>();
      if (!named || named->to != peer_process_name) continue;
      const auto& cast = sent.message.get_if<ei_codec::Tuple>()->elements.at(1);
      if (text(cast).starts_with("{all_sent,") || text(cast).starts_with("{linked,")) continue;
      const Bytes bytes = encode_term(cast);
      auto message = decode_exchange(*ei_codec::scan_whole_term(bytes));
      REQUIRE(message);
      messages.push_back(*std::move(message));
    }
    return messages;
  }
  // The lines logged about exchanges since the last call.
  int lines() {
    const auto warnings = s.take_warnings();
    return static_cast<int>(std::ranges::count_if(warnings, [](const std::string& line) {
      return line.find("exchange") != std::string::npos;
    }));
  }
  // Which of the messages to storage since the last call hold many registers: full states.
  int states() {
    int count = 0;
    for (const Sent& sent : s.take_sent_as<dist::RegSend>()) {
      if (text(sent.message).find("update_registers") != std::string::npos) ++count;
    }
    return count;
  }
};

// The one whose name is the lesser asks: s is us@127.0.0.1.
const std::string asker = "a@h";
const std::string answerer = "z@h";

TEST_CASE("a peer of another version, or of none, is sent everything, as ever") {
  for (const std::string_view answer :
       {"{hello,1}", "{hello,2}", "{hello,4}", "{hello,99999999999}", "hello", "{hello,4,#{}}",
        "{hello,5,#{hash => 0}}", "{hello,4,#{hash => 1}}", "{hello,4,#{hash => a}}"}) {
    for (const std::string& peer : {asker, answerer}) {
      Played played(peer, answer);
      CHECK(played.states() == 1);
      // And again, in the rhythm of stock Groot.
      played.s.pass(exchange_interval_min_ms - 1);
      CHECK(played.states() == 0);
      played.s.pass(exchange_interval_max_ms - exchange_interval_min_ms + 1);
      CHECK(played.states() == 1);
      played.say({0, 0, ExchangeReady{}});
      CHECK(played.heard().empty());
      // A write still travels at once.
      played.s.set("k", "v");
      CHECK(played.s.take_sent_as<dist::RegSend>().size() == 1);
    }
  }
  for (const std::string_view answer :
       {"{hello,4,#{hash => 0}}", "{hello,4,#{hash => 0,unknown => [1]}}"}) {
    Played same(answerer, answer);
    CHECK(same.states() == 0);
  }
}

TEST_CASE("a round begins when both are ready, and again within 10 to 20 s") {
  Played played(answerer);
  CHECK(played.heard().empty());
  played.say({0, 0, ExchangeReady{}});
  const auto first = played.heard();
  REQUIRE(first.size() == 1);
  const auto* root = std::get_if<ExchangeRoot>(&first[0].body);
  REQUIRE(root);
  played.say({first[0].round, first[0].number, ExchangeRootIs{root->fingerprint}});
  played.s.pass(exchange_interval_min_ms - 1);
  CHECK(played.heard().empty());
  played.s.pass(exchange_interval_max_ms - exchange_interval_min_ms + 1);
  const auto second = played.heard();
  REQUIRE(second.size() == 1);
  CHECK(second[0].round != first[0].round);
}

TEST_CASE("who does not ask says that it is ready, and nothing more") {
  Played played(asker);
  const auto heard = played.heard();
  REQUIRE(heard.size() == 1);
  CHECK(std::holds_alternative<ExchangeReady>(heard[0].body));
  played.s.pass(2 * exchange_interval_max_ms);
  CHECK(played.heard().empty());
}

TEST_CASE("an answer that does not fit ends the round with one line, and the next begins in time") {
  const std::vector<ExchangeBody> odd{ExchangeDiffer{}, ExchangeFetched{1, 1}, ExchangeTaken{},
                                      ExchangeRoot{1}, ExchangeFetch{}};
  for (const ExchangeBody& body : odd) {
    Played played(answerer);
    played.say({0, 0, ExchangeReady{}});
    const auto root = played.heard();
    REQUIRE(root.size() == 1);
    (void)played.lines();
    played.say({root[0].round, root[0].number, body});
    CHECK(played.lines() == 1);
    CHECK(played.heard().empty());
    played.s.pass(exchange_interval_max_ms);
    CHECK(played.heard().size() == 1);
  }
}

TEST_CASE("answers that bring nothing further end the round") {
  Played played(answerer);
  store::Effects effects;
  played.s.replica.clear(effects);
  played.say({0, 0, ExchangeReady{}});
  const auto root = played.heard();
  REQUIRE(root.size() == 1);
  // It holds something, we nothing: everything is asked for, in two questions.
  played.say({root[0].round, root[0].number, ExchangeRootIs{1}});
  const auto fetches = played.heard();
  REQUIRE(fetches.size() == 2);
  const auto& ranges = std::get<ExchangeFetch>(fetches[0].body).ranges;
  REQUIRE(ranges.size() == exchange_ranges_max);
  // None of the ranges is done, and the first not begun.
  played.say({root[0].round, fetches[0].number, ExchangeFetched{0, ranges[0].from}});
  CHECK(played.lines() == 1);
  CHECK(played.heard().empty());
  // What comes of that round later is passed over.
  played.say({root[0].round, fetches[1].number, ExchangeFetched{64, 0}});
  CHECK(played.lines() == 0);
  CHECK(played.heard().empty());
}

TEST_CASE("answers from outside of what was asked for end the round") {
  for (const ExchangeFetched& fetched :
       {ExchangeFetched{65, 0}, ExchangeFetched{0, UINT64_MAX}, ExchangeFetched{63, 5}}) {
    Played played(answerer);
    store::Effects effects;
    played.s.replica.clear(effects);
    played.say({0, 0, ExchangeReady{}});
    const auto root = played.heard();
    played.say({root.at(0).round, root[0].number, ExchangeRootIs{1}});
    const auto fetches = played.heard();
    played.say({root[0].round, fetches.at(0).number, fetched});
    CHECK(played.lines() == 1);
  }
}

TEST_CASE("an answer names children of what it was asked for, each once: else the round ends") {
  using Entry = ExchangeDiffer::Entry;
  const auto children = [](const Prefix& prefix) {
    return std::vector<std::uint32_t>(prefix.child_count(), 1);
  };
  const Prefix root;
  const Prefix first = root.child(0);
  const Prefix last = root.child(15);
  const auto entry = [&](const Prefix& prefix) { return Entry{prefix, children(prefix), {}}; };
  const auto lines = [](const std::vector<Entry>& entries) {
    Played played(answerer);
    played.say({0, 0, ExchangeReady{}});
    const auto asked = played.heard();
    played.say({asked.at(0).round, asked[0].number, ExchangeRootIs{1}});
    const auto compare = played.heard();
    REQUIRE(compare.size() == 1);
    REQUIRE(std::get<ExchangeCompare>(compare[0].body).entries.size() == 1);
    (void)played.lines();
    played.say({asked[0].round, compare[0].number, ExchangeDiffer{entries}});
    return played.lines();
  };
  CHECK(lines({}) == 0);
  CHECK(lines({entry(first), entry(last)}) == 0);
  CHECK(lines({entry(root)}) == 1);
  CHECK(lines({entry(first.child(0))}) == 1);
  CHECK(lines({entry(first), entry(first)}) == 1);
  CHECK(lines({entry(last), entry(first)}) == 1);
  CHECK(lines(std::vector<Entry>(1'000, entry(root))) == 1);
}

TEST_CASE("a question that asks for too much, and what is none, gets no answer but one line") {
  Played played(asker);
  (void)played.heard();
  ExchangeFetch fetch;
  fetch.ranges.resize(exchange_ranges_max, {0, 0});
  played.say({1, 1, fetch});
  CHECK(played.heard().size() == 1);
  fetch.ranges.emplace_back();
  ExchangeCompare compare;
  compare.entries.resize(exchange_ranges_max + 1, {{}, std::vector<std::uint32_t>(16)});
  (void)played.lines();
  played.say({1, 2, fetch});
  played.say({1, 3, compare});
  played.say({1, 4, ExchangeRootIs{}});
  played.s.receive(played.link, dist::RegSend{played.s.pid_of(played.link), "Elixir.Groot.Peer"},
                   erl("{'$gen_cast',{exchange,<<1,2,3>>}}"));
  CHECK(played.heard().empty());
  CHECK(played.lines() == 1);
  // It goes on as before.
  played.say({1, 5, ExchangeRoot{1}});
  CHECK(played.heard().size() == 1);
}

TEST_CASE("who does not speak our version is not answered") {
  Played played(asker, "{hello,1}");
  (void)played.heard();
  played.say({1, 1, ExchangeRoot{1}});
  CHECK(played.heard().empty());
  CHECK(played.lines() == 1);
}

TEST_CASE("a round that nobody answers is given up") {
  Played played(answerer);
  played.say({0, 0, ExchangeReady{}});
  CHECK(played.heard().size() == 1);
  (void)played.lines();
  played.s.pass(exchange_timeout_ms - 1);
  CHECK(played.heard().empty());
  CHECK(played.lines() == 0);
  played.s.pass(1);
  CHECK(played.heard().size() == 1);
  CHECK(played.lines() == 1);
}

}  // namespace
}  // namespace groot::process
