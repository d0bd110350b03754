// Replicas of ours and stock peers, linked by queues that deliver late: whatever was written,
// deleted, missed and lost, once everything has arrived all hold the same.
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "cpp_tests/store/script.hpp"
#include "store/limits.hpp"
#include "store/replica.hpp"

using namespace groot::store;
using namespace groot::store::testing;

namespace {

using State = std::vector<RegisterPtr>;

// What the stock storage process does, faults included: a delete leaves nothing behind.
struct StockPeer {
  std::map<std::string, RegisterPtr> held;
  std::uint16_t counter = 0;

  void merge(const RegisterPtr& reg) {
    RegisterPtr& mine = held[text_of(reg->key())];
    if (!mine || mine->stamp() < reg->stamp()) mine = reg;
  }
  void set(const std::string& key, const std::string& value, std::uint64_t time) {
    held[key] = make_value(key, value, {time, ++counter, 99});
  }
  [[nodiscard]] State state() const {
    State all;
    for (const auto& [key, reg] : held) all.push_back(reg);
    return all;
  }
  [[nodiscard]] std::string get(const std::string& key) const {
    const auto found = held.find(key);
    return found == held.end() || found->second->is_tombstone() ? "none" : text_of(found->second);
  }
};

// One replica and one stock peer, with a queue each way.
struct Pair {
  explicit Pair(PeerKind peer_kind) : kind(peer_kind) {
    ours.replica.peer_up(peer, kind, ours.now);
  }

  static constexpr PeerId peer = 7;
  PeerKind kind;
  Script ours;
  StockPeer stock;
  std::deque<State> states;        // full states on their way to us
  std::deque<RegisterPtr> writes;  // registers on their way to the peer

  void send_effects() {
    for (const Effect& effect : ours.effects) {
      if (const auto* all = std::get_if<SendToAll>(&effect)) {
        if (all->except != peer) writes.push_back(all->reg);
      }
    }
    for (const auto& one : ours.sent())
      writes.insert(writes.end(), one.registers.begin(), one.registers.end());
    ours.effects.clear();
  }
  void deliver_write() {
    if (writes.empty()) return;
    stock.merge(writes.front());
    writes.pop_front();
  }
  void deliver_state() {
    if (states.empty()) return;
    ours.full_state(peer, states.front());
    states.pop_front();
    send_effects();
  }
  void drain() {
    while (!writes.empty()) deliver_write();
    while (!states.empty()) deliver_state();
  }
  void storage_dies() {
    stock.held.clear();
    states.clear();
    writes.clear();
    ours.replica.peer_lost_data(peer);
    for (const auto& reg : full_state_for(ours.replica, peer)) writes.push_back(reg);
  }
  // Rounds of full states, as far apart as they are when nothing else happens.
  void settle() {
    for (int round = 0; round < 20; ++round) {
      ours.pass(15'000);
      ours.replica.wake(ours.now, ours.effects);
      send_effects();
      drain();
      states.push_back(stock.state());
      drain();
    }
  }
};

const std::vector<std::string> keys{"a", "b", "c"};

}  // namespace

TEST_CASE("property: a stock peer and a replica converge through delays, deletes and losses") {
  for (const PeerKind kind : {PeerKind::stock_without_delete, PeerKind::stock_with_delete}) {
    CHECK(rc::check("one link", [kind] {
      Pair pair(kind);
      const auto steps = *rc::gen::inRange(0, 60);
      for (int i = 0; i < steps; ++i) {
        const std::string key = *rc::gen::elementOf(keys);
        switch (*rc::gen::inRange(0, 9)) {
          case 0:
            pair.stock.set(key, "s" + std::to_string(i),
                           static_cast<std::uint64_t>(pair.ours.now.wall_ms));
            break;
          case 1:
            if (kind == PeerKind::stock_with_delete) pair.stock.held.erase(key);
            break;
          case 2:
            pair.ours.set(key, "o" + std::to_string(i));
            break;
          case 3:
            pair.ours.erase(key);
            break;
          case 4:
            pair.states.push_back(pair.stock.state());
            break;
          case 5:
            pair.deliver_state();
            break;
          case 6:
            pair.ours.pass(*rc::gen::element(1, 1'000, 5'000));
            break;
          case 7:
            if (*rc::gen::inRange(0, 6) == 0) pair.storage_dies();
            break;
          default:
            pair.deliver_write();
        }
        pair.send_effects();
      }
      pair.settle();
      for (const std::string& key : keys) RC_ASSERT(pair.ours.get(key) == pair.stock.get(key));
      // And it is quiet: nothing is sent any more.
      pair.states.push_back(pair.stock.state());
      pair.deliver_state();
      RC_ASSERT(pair.writes.empty());
    }));
  }
}

TEST_CASE("property: with everything delivered in between, the last operation stands") {
  CHECK(rc::check("one link, settled after each step", [] {
    Pair pair(PeerKind::stock_with_delete);
    std::map<std::string, std::string> expected;
    const auto steps = *rc::gen::inRange(0, 12);
    for (int i = 0; i < steps; ++i) {
      const std::string key = *rc::gen::elementOf(keys);
      const std::string value = std::to_string(i);
      expected[key] = value;
      switch (*rc::gen::inRange(0, 5)) {
        case 0:
          pair.ours.erase(key);
          expected[key] = "none";
          break;
        case 1:
          pair.stock.held.erase(key);  // and the message about it is missed
          expected[key] = "none";
          break;
        case 2:
          pair.ours.set(key, value);
          break;
        case 3:
          expected.erase(key);
          if (pair.ours.get(key) != "none") expected[key] = pair.ours.get(key);
          pair.storage_dies();
          break;
        default:
          pair.stock.set(key, value, static_cast<std::uint64_t>(pair.ours.now.wall_ms));
      }
      pair.settle();
      for (const auto& [name, wanted] : expected) {
        RC_ASSERT(pair.ours.get(name) == wanted);
        RC_ASSERT(pair.stock.get(name) == wanted);
      }
    }
  }));
}

TEST_CASE("property: nodes of ours converge through full states after cuts") {
  CHECK(rc::check("three nodes, links that come and go", [] {
    constexpr std::size_t count = 3;
    std::vector<std::unique_ptr<Script>> nodes;
    for (std::size_t i = 0; i < count; ++i) nodes.push_back(std::make_unique<Script>(i + 1));
    bool linked[count][count] = {};
    // Peer ids are indices plus one.
    const auto deliver = [&](std::size_t from, std::size_t to, const State& state) {
      for (const auto& reg : state) {
        nodes[to]->replica.merge(from + 1, reg->view(), nodes[to]->now, nodes[to]->effects);
      }
    };
    const auto flush = [&] {
      for (bool busy = true; busy;) {
        busy = false;
        for (std::size_t from = 0; from < count; ++from) {
          Effects effects;
          effects.swap(nodes[from]->effects);
          for (const Effect& effect : effects) {
            for (std::size_t to = 0; to < count; ++to) {
              if (!linked[from][to]) continue;
              if (const auto* all = std::get_if<SendToAll>(&effect)) {
                if (all->except == to + 1) continue;
                deliver(from, to, {all->reg});
                busy = true;
              } else if (const auto* one = std::get_if<Lacks>(&effect);
                         one && one->peer == to + 1) {
                deliver(from, to, take_lacking(nodes[from]->replica, one->peer));
                busy = true;
              }
            }
          }
        }
      }
    };
    const auto link = [&](std::size_t a, std::size_t b, bool up) {
      for (const auto& [from, to] : {std::pair(a, b), std::pair(b, a)}) {
        if (up && !linked[from][to]) {
          nodes[from]->replica.peer_up(to + 1, PeerKind::ours, nodes[from]->now);
        } else if (!up) {
          nodes[from]->replica.peer_down(to + 1);
        }
        linked[from][to] = up;
      }
    };
    const auto steps = *rc::gen::inRange(0, 40);
    for (int i = 0; i < steps; ++i) {
      const auto at = *rc::gen::inRange<std::size_t>(0, count);
      const std::string key = *rc::gen::elementOf(keys);
      for (auto& node : nodes) node->pass(10);
      switch (*rc::gen::inRange(0, 5)) {
        case 0:
          nodes[at]->erase(key);
          break;
        case 1:
          nodes[at]->set(key, std::to_string(i), *rc::gen::inRange<std::int64_t>(0, 200));
          break;
        case 2:
          link(at, (at + 1) % count, *rc::gen::arbitrary<bool>());
          break;
        default:
          nodes[at]->set(key, std::to_string(i));
      }
      flush();
    }
    // A line, not a triangle: what one end wrote reaches the other through the middle only.
    link(0, 2, false);
    link(0, 1, true);
    link(1, 2, true);
    for (int round = 0; round < 4; ++round) {
      for (auto& node : nodes) {
        node->pass(15'000);
        node->replica.wake(node->now, node->effects);
      }
      flush();
      for (std::size_t from = 0; from < count; ++from) {
        for (std::size_t to = 0; to < count; ++to) {
          if (linked[from][to]) nodes[to]->full_state(from + 1, registers(nodes[from]->replica));
        }
      }
      flush();
    }
    for (std::size_t i = 1; i < count; ++i) {
      RC_ASSERT(contents(nodes[i]->replica) == contents(nodes[0]->replica));
    }
  }));
}
