#include "cnode/process/discovery.hpp"

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

TEST_CASE("a visible peer is kept, whoever connected; a hidden one comes and goes as it likes") {
  Script s;
  FakeStock visible(s, "a@h", Runs::no_groot, true);
  FakeStock hidden(s, "b@h", Runs::no_groot);
  CHECK(dialled(s) == Words{"a@h"});
}

TEST_CASE("peers cannot make us dial without end") {
  Script s;
  FakeStock peer(s, "a@h", Runs::no_groot);
  std::vector<Term> names;
  for (std::size_t i = 0; i < discovered_max + 10; ++i) {
    names.push_back(ei_codec::atom("n" + std::to_string(i) + "@h"));
  }
  peer.canned["erlang:nodes"] = ei_codec::list(std::move(names));
  peer.settle();
  CHECK(dialled(s).size() == discovered_max);
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
