// Several nodes of ours: how they find each other, and how writes reach those without a link.
#include "cnode/process/mesh.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <set>

#include "cnode/process/limits.hpp"
#include "cnode/process/peer_process.hpp"
#include "cnode/process/replication.hpp"
#include "ei_codec/term_encode.hpp"
#include "fake_stock.hpp"
#include "pair.hpp"

namespace groot::process {
namespace {

using namespace testing;
using ei_codec::atom;
using ei_codec::encode_term;
using ei_codec::tuple;

std::string name_of(std::size_t node) {
  return "n" + std::to_string(node) + "@h";
}

// So many nodes of ours, hidden, whose dialling works unless it is forbidden.
class Web {
 public:
  explicit Web(std::size_t nodes) {
    for (std::size_t i = 0; i < nodes; ++i) {
      nodes_.push_back(std::make_unique<Script>(HiddenFeed::announce, name_of(i), i + 1));
    }
  }

  Script& operator[](std::size_t node) { return *nodes_[node]; }
  // No dialling from now on reaches.
  void forbid_dialling() { dials_ = false; }
  void connect(std::size_t a, std::size_t b) {
    if (!linked_.insert({std::min(a, b), std::max(a, b)}).second) return;
    const LinkId at_a = nodes_[a]->up(name_of(b));
    const LinkId at_b = nodes_[b]->up(name_of(a));
    ends_[{a, at_a}] = {b, at_b};
    ends_[{b, at_b}] = {a, at_a};
  }
  void cut(std::size_t a, std::size_t b) {
    linked_.erase({std::min(a, b), std::max(a, b)});
    std::vector<End> ends;
    for (const auto& [end, other] : ends_) {
      if ((end.first == a && other.first == b) || (end.first == b && other.first == a)) {
        ends.push_back(end);
      }
    }
    for (const End& end : ends) {
      nodes_[end.first]->down(end.second);
      ends_.erase(end);
    }
  }
  // Carries frames until all are silent.
  void settle() {
    for (bool carried = true; carried;) {
      carried = false;
      for (std::size_t i = 0; i < nodes_.size(); ++i) {
        for (const Sent& sent : nodes_[i]->take_sent()) {
          const auto end = ends_.find({i, sent.link});
          if (end == ends_.end()) continue;
          carried = true;
          on_frame(i, sent);
          hand_over(sent, *nodes_[end->second.first], end->second.second);
        }
        for (const auto& kept : nodes_[i]->take_actions_as<KeepConnected>()) dial(i, kept);
      }
    }
  }
  void pass(std::int64_t ms) {
    for (std::int64_t passed = 0; passed < ms; passed += 50) {
      for (const auto& script : nodes_) script->pass(50);
      settle();
    }
  }
  [[nodiscard]] std::size_t links() const { return linked_.size(); }
  // How many hold this value.
  [[nodiscard]] std::size_t holders(std::string_view key, std::string_view value) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        nodes_, [&](const auto& script) { return script->get(key) == value; }));
  }

  std::function<void(std::size_t from, const Sent&)> on_frame = [](std::size_t, const Sent&) {};

 private:
  using End = std::pair<std::size_t, LinkId>;

  void dial(std::size_t from, const KeepConnected& kept) {
    if (!dials_) return;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (kept.peer.full() == name_of(i)) connect(from, i);
    }
  }

  std::vector<std::unique_ptr<Script>> nodes_;
  std::map<End, End> ends_;
  std::set<std::pair<std::size_t, std::size_t>> linked_;
  bool dials_ = true;
};

// All know the first only.
void connect_star(Web& web, std::size_t nodes) {
  for (std::size_t i = 1; i < nodes; ++i) web.connect(0, i);
  web.settle();
}

// Frames with registers that are carried from now on, by who sends them.
struct Updates {
  explicit Updates(Web& web) {
    web.on_frame = [this](std::size_t from, const Sent& sent) {
      const auto* named = sent.get<dist::RegSend>();
      if (named && named->to == storage_name) ++sent_by[from];
    };
  }
  [[nodiscard]] int total() const {
    int sum = 0;
    for (const auto& [from, count] : sent_by) sum += count;
    return sum;
  }
  std::map<std::size_t, int> sent_by;
};

TEST_CASE("hidden nodes that know one seed are all linked with each other, soon") {
  constexpr std::size_t nodes = 10;
  Web web(nodes);
  connect_star(web, nodes);
  web.pass(3 * linked_delay_ms);
  CHECK(web.links() == nodes * (nodes - 1) / 2);
  // A write goes straight to each, and nobody passes it on.
  web.pass(1'000);
  const Updates updates(web);
  web[3].set("k", "1");
  web.settle();
  CHECK(web.holders("k", "1") == nodes);
  CHECK(updates.total() == static_cast<int>(nodes) - 1);
}

TEST_CASE("one that joins anywhere is linked with all") {
  constexpr std::size_t nodes = 6;
  Web web(nodes);
  connect_star(web, nodes - 1);
  web.pass(2'000);
  web.connect(3, nodes - 1);
  web.pass(2'000);
  CHECK(web.links() == nodes * (nodes - 1) / 2);
}

TEST_CASE("what is written at once, before they are linked, reaches all through the seed") {
  constexpr std::size_t nodes = 10;
  Web web(nodes);
  web.forbid_dialling();
  connect_star(web, nodes);
  web.pass(1'000);
  Updates updates(web);
  web[3].set("k", "1");
  web.settle();
  CHECK(web.holders("k", "1") == nodes);
  CHECK(updates.total() == static_cast<int>(nodes) - 1);
  store::Effects effects;
  REQUIRE(web[4].replica.erase(encoded("k"), web[4].now, effects));
  web[4].router.perform(std::move(effects), web[4].now);
  web.settle();
  CHECK(web.holders("k", "none") == nodes);
  // Many at once, too, as few messages: one for all that are merged together.
  updates.sent_by.clear();
  for (int i = 0; i < 100; ++i) {
    REQUIRE(web[5].replica.set(encoded(std::to_string(i)), encoded("v"), std::nullopt, web[5].now,
                               effects));
  }
  web[5].router.perform(std::move(effects), web[5].now);
  web.settle();
  CHECK(web.holders("99", "v") == nodes);
  CHECK(updates.total() <= 1 + 2 * (static_cast<int>(nodes) - 2));
}

TEST_CASE("a chain passes on from end to end, a ring no further than once around") {
  constexpr std::size_t nodes = 6;
  Web web(nodes);
  web.forbid_dialling();
  for (std::size_t i = 1; i < nodes; ++i) web.connect(i - 1, i);
  web.pass(1'000);
  Updates updates(web);
  web[0].set("k", "1");
  web.settle();
  CHECK(web.holders("k", "1") == nodes);
  CHECK(updates.total() == static_cast<int>(nodes) - 1);
  web.connect(0, nodes - 1);
  web.pass(1'000);
  updates.sent_by.clear();
  web[2].set("k", "2");
  web.settle();
  CHECK(web.holders("k", "2") == nodes);
  // Each sends it to each of its two neighbours at most.
  CHECK(updates.total() <= static_cast<int>(nodes) + 1);
}

TEST_CASE("a link that is missing for good is made up for, and one that comes back is used") {
  Web web(3);
  connect_star(web, 3);
  web.pass(1'000);
  REQUIRE(web.links() == 3);
  web.forbid_dialling();
  web.cut(1, 2);
  web.pass(2 * linked_delay_ms);
  Updates updates(web);
  web[1].set("k", "1");
  web.settle();
  CHECK(web[2].get("k") == "1");
  CHECK(updates.sent_by[0] == 1);
  web.connect(1, 2);
  web.pass(2 * linked_delay_ms);
  updates.sent_by.clear();
  web[1].set("k", "2");
  web.settle();
  CHECK(web[2].get("k") == "2");
  CHECK(updates.sent_by[0] == 0);
}

TEST_CASE("what a stock node brought first is passed on when its writer's own message arrives") {
  Web web(3);
  web.forbid_dialling();
  FakeStock stock(web[0], "app@h", Runs::groot_without_delete);
  stock.settle();
  connect_star(web, 3);
  web.pass(1'000);
  web[1].set("k", "1");
  // As it stands there: the stock node may be quicker.
  const auto written = web[1].replica.find(encoded("k"));
  REQUIRE(written);
  const store::Timestamp& at = written->stamp();
  const Term reg = register_term(erl("k"), erl("1"), at.time_ms, at.counter, at.node_id);
  web[0].receive(stock.link, dist::RegSend{stock.storage(), std::string(storage_name)},
                 tuple({atom("$gen_cast"),
                        tuple({atom("update_registers"), ei_codec::map({{erl("k"), reg}})})}));
  REQUIRE(web[0].get("k") == "1");
  REQUIRE(web[2].get("k") == "none");
  const Updates updates(web);
  web.settle();
  CHECK(web[2].get("k") == "1");
  CHECK(updates.sent_by.at(0) == 1);
}

TEST_CASE("what an exchange brings is not passed on: the exchange with the others brings it") {
  Web web(3);
  web.forbid_dialling();
  web.connect(0, 1);
  web.pass(1'000);
  for (int i = 0; i < 3; ++i) web[2].set(std::to_string(i), "v");
  Updates updates(web);
  web.connect(0, 2);
  web.settle();
  REQUIRE(web[0].get("0") == "v");
  CHECK(updates.sent_by[0] == 0);
  CHECK(web[1].get("0") == "none");
  web.pass(exchange_interval_max_ms);
  CHECK(web[1].get("0") == "v");
}

TEST_CASE("at rest nothing is said of links") {
  Web web(4);
  connect_star(web, 4);
  web.pass(2'000);
  int said = 0;
  web.on_frame = [&](std::size_t, const Sent& sent) {
    if (text(sent.message).find("linked") != std::string::npos) ++said;
  };
  web.pass(30'000);
  CHECK(said == 0);
  // One that goes is told of once by each to each, however many things happen meanwhile.
  for (std::size_t i = 0; i < 3; ++i) web.cut(i, 3);
  web.forbid_dialling();
  web.pass(2'000);
  CHECK(said == 3 * 2);
}

// ---- the message ----

Term linked(std::string_view nodes) {
  return erl("{linked," + std::string(nodes) + "}");
}

TEST_CASE("the names of a message, in every form of a list") {
  const std::vector<std::string> names{"a@h", "b@h"};
  const auto decode = [](const Term& term) {
    const Bytes bytes = encode_term(term);
    return decode_linked(ScannedTerm::trusted(bytes));
  };
  CHECK(decode(linked("['b@h','a@h']")) == names);
  CHECK(decode(linked("[]")) == std::vector<std::string>{});
  for (const char* wrong : {"{}", "a", "['a@h',1]", "<<\"a@h\">>", "#{}", "\"ab\""}) {
    CAPTURE(wrong);
    CHECK_FALSE(decode(linked(wrong)));
  }
  CHECK_FALSE(decode(erl("{linked,[],[]}")));
  CHECK_FALSE(decode(erl("linked")));
  CHECK(text(decoded(*encode_linked(names))) == "{'$gen_cast',{linked,[a@h,b@h]}}");
}

TEST_CASE("names just as many as are taken, and one more") {
  for (const std::size_t count : {linked_names_max, linked_names_max + 1}) {
    std::vector<Term> names;
    for (std::size_t i = 0; i < count; ++i) names.push_back(atom(name_of(i)));
    const Bytes bytes = encode_term(tuple({atom("linked"), ei_codec::list(names)}));
    const auto taken = decode_linked(ScannedTerm::trusted(bytes));
    REQUIRE(taken);
    CHECK(taken->size() == linked_names_max);
    CHECK(std::ranges::is_sorted(*taken));
  }
}

TEST_CASE(
    "who is named is dialled, once, and nobody by an odd name; a node of another version is "
    "told nothing") {
  Script s(HiddenFeed::announce);
  const LinkId old = s.up("old@h");
  bool answered = false;
  for (const Sent& sent : s.take_sent_as<dist::RegSend>()) {
    if (sent.get<dist::RegSend>()->to != peer_process_name) continue;
    const auto& call = sent.message.get_if<ei_codec::Tuple>()->elements;
    const auto& from = call.at(1).get_if<ei_codec::Tuple>()->elements;
    s.receive(old, dist::Send{s.pid_of(old), *from.at(0).get_if<Pid>()},
              tuple({from.at(1), erl("{hello,2}")}));
    answered = true;
  }
  REQUIRE(answered);
  s.pass(1'000);
  for (const Sent& sent : s.take_sent()) {
    CHECK(text(sent.message).find("linked") == std::string::npos);
  }
  s.cast(old, peer_process_name, linked("['c@h','us@127.0.0.1','no name','old@h']"));
  s.cast(old, peer_process_name, linked("['c@h']"));
  const auto kept = s.take_actions_as<KeepConnected>();
  REQUIRE(kept.size() == 2);
  CHECK(kept[0].peer.full() == "c@h");
  CHECK(kept[1].peer.full() == "old@h");
}

}  // namespace
}  // namespace groot::process
