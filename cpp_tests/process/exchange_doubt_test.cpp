// A node that was away for longer than tombstones live meets one that it exchanges with: what it
// doubts (store/doubt.hpp) it neither compares nor sends, until the other has said that all is
// sent.
#include <string>
#include <vector>

#include "cnode/process/limits.hpp"
#include "cnode/process/replication.hpp"
#include "ei_codec/term_encode.hpp"
#include "exchange_script.hpp"
#include "pair.hpp"
#include "store/limits.hpp"

namespace groot::process {
namespace {

using namespace testing;

bool is_all_sent(const Sent& sent) {
  return text(sent.message).starts_with("{'$gen_cast',{all_sent,");
}

TEST_CASE("behind each round each says that it has sent all") {
  Pair pair;
  for (int i = 0; i < 300; ++i) hold(i % 3 == 0 ? pair.a : pair.b, {.key = i});
  std::vector<std::string> said;
  pair.on_frame = [&said](const Sent& sent) {
    const auto* named = sent.get<dist::RegSend>();
    if (!named) return;
    if (named->to == storage_name) said.emplace_back("registers");
    if (is_all_sent(sent)) said.push_back(named->from.node.name);
  };
  pair.connect();
  REQUIRE(said.size() > 2);
  CHECK(std::vector(said.end() - 2, said.end()) == std::vector<std::string>{"a@h", "b@h"});
  said.clear();
  pair.pass(exchange_interval_max_ms);
  CHECK(said == std::vector<std::string>{"a@h", "b@h"});
}

// Keys 1 to `keys` from an earlier life, in which a peer was level with the first `level` of them.
Earlier away_with(int keys, const std::string& peer, std::uint64_t level, std::int64_t memory_id) {
  Earlier earlier;
  earlier.load = [keys](store::Replica& replica, const Now& now) {
    replica.keep_journal(100);
    replica.begin_doubt();
    for (int key = 1; key <= keys; ++key) {
      const Bytes bytes = encoded(std::to_string(key));
      const store::Timestamp stamp{wall_start_ms, 0, 9};
      replica.restore({{bytes, bytes, stamp}, 0, static_cast<std::uint64_t>(key)}, now);
    }
  };
  Bytes memory;
  ei_codec::encode_term(Term(memory_id), memory);
  earlier.kept_peers = {{peer, wall_start_ms, memory, level}};
  return earlier;
}

Earlier remembering(std::int64_t memory_id) {
  return {.load = nullptr, .kept_peers = {}, .memory_id = memory_id};
}

TEST_CASE("what the other held and no longer has is set aside, the rest is kept") {
  for (const bool asker_doubts : {false, true}) {
    CAPTURE(asker_doubts);
    const Earlier away_earlier = away_with(3, asker_doubts ? "b@h" : "a@h", 2, 7);
    const Earlier other_earlier = remembering(7);
    Pair pair({}, {}, asker_doubts ? away_earlier : other_earlier,
              asker_doubts ? other_earlier : away_earlier);
    Script& away = asker_doubts ? pair.a : pair.b;
    Script& other = asker_doubts ? pair.b : pair.a;
    hold(other, {.key = 2});
    pair.connect();
    CHECK_FALSE(away.replica.in_doubt());
    CHECK(away.get("1") == "none");
    CHECK(away.get("2") == "2");
    CHECK(away.get("3") == "3");
    pair.pass(exchange_interval_max_ms);
    CHECK(pair.equal());
    CHECK(other.get("3") == "3");
    CHECK(pair.a.replica.registers().fingerprint({}) == pair.b.replica.registers().fingerprint({}));
  }
}

TEST_CASE("where the other remembers from later on, all is kept and sent") {
  for (const bool asker_doubts : {false, true}) {
    CAPTURE(asker_doubts);
    const Earlier away_earlier = away_with(3, asker_doubts ? "b@h" : "a@h", 3, 7);
    const Earlier other_earlier = remembering(8);
    Pair pair({}, {}, asker_doubts ? away_earlier : other_earlier,
              asker_doubts ? other_earlier : away_earlier);
    Script& away = asker_doubts ? pair.a : pair.b;
    pair.connect();
    CHECK_FALSE(away.replica.in_doubt());
    pair.pass(exchange_interval_max_ms);
    CHECK(pair.equal());
    CHECK(contents(away.replica).size() == 3);
    const int sent = pair.to_storage();
    pair.pass(2 * exchange_interval_max_ms);
    CHECK(pair.to_storage() == sent);
  }
}

TEST_CASE("two that both doubt send each other nothing, and keep all in the end") {
  Earlier of_a = away_with(1, "b@h", 1, 8);
  Earlier of_b = away_with(2, "a@h", 2, 7);
  of_a.memory_id = 7;
  of_b.memory_id = 8;
  Pair pair({}, {}, of_a, of_b);
  pair.connect();
  pair.pass(store::doubt_wait_ms - 1'000);
  CHECK(pair.to_storage() == 0);
  pair.pass(1'000);
  pair.pass(exchange_interval_max_ms);
  CHECK(pair.equal());
  CHECK(contents(pair.a.replica).size() == 2);
}

}  // namespace
}  // namespace groot::process
