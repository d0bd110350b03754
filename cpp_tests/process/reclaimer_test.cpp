#include "cnode/process/reclaimer.hpp"

#include "cnode/process/limits.hpp"
#include "fake_stock.hpp"
#include "store/limits.hpp"

namespace groot::process {
namespace {

using namespace testing;

// How many registers each evaluation was to remove.
std::vector<std::size_t> batches(const FakeStock& peer) {
  std::vector<std::size_t> sizes;
  for (const Term& bindings : peer.evaluated) {
    const Term& bound = bindings.get_if<ei_codec::List>()->elements.at(0);
    const Term& registers = bound.get_if<ei_codec::Tuple>()->elements.at(1);
    sizes.push_back(registers.get_if<ei_codec::List>()->elements.size());
  }
  return sizes;
}

void erase(Script& s, const std::string& key) {
  store::Effects effects;
  REQUIRE(s.replica.erase(encoded(key), s.now, effects));
  s.router.perform(std::move(effects), s.now);
}

void let_evaluate(FakeStock& peer) {
  peer.canned["erl_scan:string"] = erl("{ok,[tokens],1}");
  peer.canned["erl_parse:parse_exprs"] = erl("{ok,[expressions]}");
  peer.canned["erl_eval:exprs"] = erl("{value,1,[]}");
}

TEST_CASE(
    "the end of tombstones: removed where they were shown, by key and stamp, a few at a time") {
  for (const Runs runs : {Runs::groot_with_delete, Runs::groot_without_delete}) {
    Script s;
    FakeStock peer(s, "a@h", runs);
    let_evaluate(peer);
    peer.settle();
    constexpr std::size_t count = 2 * reclaim_batch_max + 1;
    for (std::size_t i = 0; i < count; ++i) erase(s, "k" + std::to_string(i));
    peer.settle();
    peer.pass(5'000);  // past the time in which a write may be on its way
    peer.cast_state();
    CHECK(peer.evaluated.empty());
    s.now.wall_ms += store::tombstone_ttl_ms_default;
    s.now.monotonic_ms += store::tombstone_ttl_ms_default;
    s.router.wake(s.now);
    peer.pass(reclaim_delay_ms - 20);
    CHECK(peer.evaluated.empty());
    peer.pass(5 * reclaim_interval_ms);
    CHECK(batches(peer) == std::vector<std::size_t>{reclaim_batch_max, reclaim_batch_max, 1});
    const std::string first = text(peer.evaluated.at(0));
    CHECK(first.find("{'Registers',[{") != std::string::npos);
    CHECK(first.find("'__struct__' => 'Elixir.HLClock.Timestamp'") != std::string::npos);
    CHECK(peer.deaths == 0);
  }
}

TEST_CASE("a peer that cannot evaluate keeps them, with one line in the log") {
  Script s;
  FakeStock peer(s, "a@h", Runs::groot_with_delete);
  peer.settle();
  erase(s, "k");
  peer.settle();
  peer.pass(5'000);
  peer.cast_state();
  (void)s.take_warnings();
  s.now.wall_ms += store::tombstone_ttl_ms_default;
  s.now.monotonic_ms += store::tombstone_ttl_ms_default;
  s.router.wake(s.now);
  peer.pass(5'000);
  const auto warnings = s.take_warnings();
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].find("old deletes stay as nil registers on a@h") != std::string::npos);
}

}  // namespace
}  // namespace groot::process
