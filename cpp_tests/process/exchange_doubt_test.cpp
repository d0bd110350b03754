// A node that was away for longer than tombstones live meets one that it exchanges with: what it
// doubts (store/doubt.hpp) it neither compares nor sends, until both have said that all is sent.
#include <string>
#include <vector>

#include "cnode/process/limits.hpp"
#include "cnode/process/replication.hpp"
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

TEST_CASE("where the other's memory goes on, what it no longer has is dropped") {
  for (const bool asker_doubts : {false, true}) {
    CAPTURE(asker_doubts);
    Pair pair;
    Script& away = asker_doubts ? pair.a : pair.b;
    Script& other = asker_doubts ? pair.b : pair.a;
    hold(away, {.key = 1});
    hold(away, {.key = 2});
    hold(away, {.key = 3, .time = 5});
    hold(away, {.key = 4});
    hold(away, {.key = 5, .time = 1, .deleted = true});
    hold(other, {.key = 1});
    hold(other, {.key = 3});
    hold(other, {.key = 4, .time = 5});
    hold(other, {.key = 5});
    away.replica.doubt_restored(wall_start_ms + 10);
    pair.connect();
    CHECK_FALSE(away.replica.in_doubt());
    CHECK(away.get("2") == "none");
    // What the other showed is compared again.
    pair.pass(exchange_interval_max_ms);
    CHECK(pair.equal());
    CHECK(other.get("2") == "none");
    CHECK(other.get("5") == "none");
    CHECK(contents(other.replica).at("3").find(std::to_string(wall_start_ms + 5)) !=
          std::string::npos);
    CHECK(pair.a.replica.registers().fingerprint({}) == pair.b.replica.registers().fingerprint({}));
  }
}

TEST_CASE("where the other is younger and knows of nothing older, all is kept and sent") {
  for (const bool asker_doubts : {false, true}) {
    CAPTURE(asker_doubts);
    Pair pair;
    Script& away = asker_doubts ? pair.a : pair.b;
    Script& other = asker_doubts ? pair.b : pair.a;
    hold(away, {.key = 1, .time = -10'000});
    hold(other, {.key = 2});
    away.replica.doubt_restored(wall_start_ms - 5'000);
    pair.connect();
    CHECK(away.get("1") == "1");
    CHECK(away.get("2") == "2");
    CHECK(other.get("1") == "none");
    pair.pass(store::doubt_grace_ms);
    CHECK_FALSE(away.replica.in_doubt());
    CHECK(pair.equal());
    const int sent = pair.to_storage();
    pair.pass(2 * exchange_interval_max_ms);
    CHECK(pair.to_storage() == sent);
    CHECK(pair.a.replica.registers().fingerprint({}) == pair.b.replica.registers().fingerprint({}));
  }
}

TEST_CASE("two that both doubt send each other nothing, and keep all in the end") {
  Pair pair;
  hold(pair.a, {.key = 1, .time = -10'000});
  hold(pair.b, {.key = 2, .time = -10'000});
  for (Script* s : {&pair.a, &pair.b}) s->replica.doubt_restored(wall_start_ms - 5'000);
  pair.connect();
  pair.pass(store::doubt_grace_ms - 1'000);
  CHECK(pair.to_storage() == 0);
  pair.pass(1'000);
  CHECK(pair.equal());
  CHECK(contents(pair.a.replica).size() == 2);
}

}  // namespace
}  // namespace groot::process
