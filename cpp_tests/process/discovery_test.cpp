#include "cnode/process/discovery.hpp"

#include <algorithm>
#include <memory>

#include "cnode/process/limits.hpp"
#include "fake_stock.hpp"

namespace groot::process {
namespace {

using namespace testing;

std::vector<std::string> dialled(Script& s) {
  std::vector<std::string> names;
  for (const auto& keep : s.take_actions_as<KeepConnected>()) names.push_back(keep.peer.full());
  return names;
}
using Words = std::vector<std::string>;
Words released(Script& s) {
  Words names;
  for (const auto& release : s.take_actions_as<Release>()) names.push_back(release.peer.full());
  return names;
}

TEST_CASE("the nodes that a peer sees are dialled, each once, within 5 s of their coming") {
  Script s;
  FakeStock peer(s, "a@h", Runs::no_groot);
  peer.canned["erlang:nodes"] = erl("['b@h','us@127.0.0.1','not a node',5,'c@h']");
  peer.settle();
  CHECK(dialled(s) == Words{"b@h", "c@h"});
  peer.pass(10'000);
  CHECK(dialled(s).empty());
  peer.canned["erlang:nodes"] = erl("['b@h','d@h']");
  peer.pass(5'000);
  CHECK(dialled(s) == Words{"d@h"});
}

TEST_CASE("a node that a connection is kept to anyhow is not found") {
  Script s(HiddenFeed::off, us, 1, RemoteAdmin::full, Saving::off, {},
           {.connect = {node("b@h"), node("a@h")}});
  FakeStock peer(s, "a@h", Runs::no_groot, true);
  peer.canned["erlang:nodes"] = erl("['b@h','c@h']");
  peer.settle();
  CHECK(dialled(s) == Words{"c@h"});
  Words found;
  for (const auto& line : s.take_actions_as<LogLine>()) {
    if (line.text.starts_with("found ")) found.push_back(line.text);
  }
  CHECK(found == Words{"found c@h through a@h"});
}

TEST_CASE("a visible peer is kept, whoever connected; a hidden one comes and goes as it likes") {
  Script s;
  FakeStock visible(s, "a@h", Runs::no_groot, true);
  FakeStock hidden(s, "b@h", Runs::no_groot);
  CHECK(dialled(s) == Words{"a@h"});
}

Term numbered(std::size_t from, std::size_t count) {
  std::vector<Term> names;
  for (std::size_t i = from; i < from + count; ++i) {
    names.push_back(ei_codec::atom("n" + std::to_string(i) + "@h"));
  }
  return ei_codec::list(std::move(names));
}

TEST_CASE("one peer cannot make us dial without end") {
  Script s;
  FakeStock peer(s, "a@h", Runs::no_groot);
  peer.canned["erlang:nodes"] = numbered(0, discovered_through_one_max + 10);
  peer.settle();
  CHECK(dialled(s).size() == discovered_through_one_max);
}

// Peers that name so many nodes that no more are kept.
struct FullTable : Script {
  FullTable() {
    for (std::size_t i = 0; i < discovered_max / discovered_through_one_max; ++i) {
      peers.push_back(
          std::make_unique<FakeStock>(*this, "p" + std::to_string(i) + "@h", Runs::no_groot));
      peers[i]->canned["erlang:nodes"] =
          numbered(i * discovered_through_one_max, discovered_through_one_max);
    }
    pass(0);
    CHECK(dialled(*this).size() == discovered_max);
  }
  void pass(std::int64_t milliseconds) {
    for (std::int64_t passed = 0; passed <= milliseconds; passed += 1'000) {
      Script::pass(passed == 0 ? 0 : 1'000);
      FakeStock::settle(*this, {peers[0].get(), peers[1].get(), peers[2].get(), peers[3].get()});
    }
  }
  std::vector<std::unique_ptr<FakeStock>> peers;
};

TEST_CASE("a full table is reported, and what somebody sees keeps its place") {
  FullTable s;
  (void)s.take_warnings();
  FakeStock other(s, "other@h", Runs::no_groot);
  other.canned["erlang:nodes"] = numbered(9'000, 2);
  other.settle();
  CHECK(dialled(s).empty());
  const auto logged = s.take_warnings();
  CHECK(std::ranges::count_if(logged, [](const std::string& line) {
          return line.starts_with("peers name more than 4096 nodes: what is new is not connected");
        }) == 1);
}

TEST_CASE("a full table gives the place of who is not seen any more to who is new") {
  FullTable s;
  // Those of the second peer are gone; one of them is linked with us all the same.
  s.up("n1500@h");
  s.peers[1]->canned["erlang:nodes"] = erl("[]");
  s.pass(discovered_unseen_if_full_ms + discovery_interval_ms);
  CHECK(dialled(s).empty());
  FakeStock other(s, "other@h", Runs::no_groot);
  other.canned["erlang:nodes"] = numbered(9'000, 1'024);
  other.settle();
  CHECK(dialled(s).size() == discovered_through_one_max - 1);
  const Words gone = released(s);
  CHECK(gone.size() == discovered_through_one_max - 1);
  for (const std::string& name : gone) {
    const int number = std::stoi(name.substr(1));
    CHECK((number >= 1'024 && number < 2'048 && number != 1'500));
  }
}

// Long times, a question and its answer after the other.
void pass_slowly(Script& s, FakeStock& peer, std::int64_t milliseconds) {
  for (std::int64_t passed = 0; passed < milliseconds; passed += discovery_interval_ms) {
    s.pass(discovery_interval_ms);
    peer.settle();
  }
}

TEST_CASE("a name that nobody sees any more is forgotten after an hour, and found again later") {
  Script s;
  FakeStock peer(s, "a@h", Runs::no_groot);
  peer.canned["erlang:nodes"] = erl("['b@h','c@h','d@h']");
  peer.settle();
  const LinkId linked = s.up("d@h");
  CHECK(dialled(s) == Words{"b@h", "c@h", "d@h"});
  peer.canned["erlang:nodes"] = erl("['c@h']");
  pass_slowly(s, peer, discovered_unseen_ms - discovered_check_interval_ms);
  CHECK(released(s).empty());
  pass_slowly(s, peer, 3 * discovered_check_interval_ms);
  CHECK(released(s) == Words{"b@h"});
  // A link is seeing: the time of this one begins with its end.
  s.down(linked);
  pass_slowly(s, peer, discovered_unseen_ms - discovered_check_interval_ms);
  CHECK(released(s).empty());
  pass_slowly(s, peer, 3 * discovered_check_interval_ms);
  CHECK(released(s) == Words{"d@h"});
  peer.canned["erlang:nodes"] = erl("['b@h','c@h']");
  peer.pass(5'000);
  CHECK(dialled(s) == Words{"b@h"});
}

TEST_CASE("while nobody is there who could see them, no name is forgotten") {
  Script s;
  FakeStock peer(s, "a@h", Runs::no_groot);
  peer.canned["erlang:nodes"] = erl("['b@h']");
  peer.settle();
  peer.cut();
  s.now.monotonic_ms += 10 * discovered_unseen_ms;
  s.router.wake(s.now);
  peer.reconnect();
  peer.canned["erlang:nodes"] = erl("[]");
  pass_slowly(s, peer, discovered_unseen_ms - discovered_check_interval_ms);
  CHECK(released(s).empty());
  pass_slowly(s, peer, 3 * discovered_check_interval_ms);
  CHECK(released(s) == Words{"b@h"});
}

TEST_CASE("a visible peer that ends its link is left alone until somebody else sees it") {
  Script s;
  FakeStock other(s, "other@h", Runs::no_groot, true);
  const LinkId link = s.up("a@h", true);
  CHECK(dialled(s) == Words{"other@h", "a@h"});
  SUBCASE("it ended the link") {
    s.down(link, true);
    CHECK(released(s) == Words{"a@h"});
    // Those that agree to be rid of a node find out one after the other.
    other.canned["erlang:nodes"] = erl("['a@h']");
    other.pass(left_alone_ms - 500);
    CHECK(dialled(s).empty());
    SUBCASE("it is still seen") {
      other.pass(2 * discovery_interval_ms);
      CHECK(dialled(s) == Words{"a@h"});
    }
    SUBCASE("it is not") {
      other.canned["erlang:nodes"] = erl("[]");
      other.pass(10 * left_alone_ms);
      CHECK(dialled(s).empty());
    }
    SUBCASE("it comes by itself: it is kept as before") {
      s.up("a@h", true);
      CHECK(dialled(s) == Words{"a@h"});
    }
  }
  SUBCASE("the link was cut") {
    s.down(link);
    CHECK(released(s).empty());
  }
}

TEST_CASE("a hidden peer that ends its link, and is seen by others, is still looked for") {
  Script s;
  FakeStock other(s, "other@h", Runs::no_groot);
  other.canned["erlang:nodes"] = erl("['a@h']");
  other.settle();
  const LinkId link = s.up("a@h");
  s.down(link, true);
  CHECK(released(s).empty());
}

TEST_CASE("answers that are no list are ignored") {
  Script s;
  FakeStock peer(s, "a@h", Runs::no_groot);
  for (const std::string_view odd : {"b@h", "{b,c}", "[]"}) {
    peer.canned["erlang:nodes"] = odd == "b@h" ? ei_codec::atom(odd) : erl(odd);
    peer.pass(discovery_interval_ms);
  }
  CHECK(dialled(s).empty());
}

}  // namespace
}  // namespace groot::process
