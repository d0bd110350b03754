// Hidden nodes of ours among themselves: whole ones, with real sockets and a real epmd.
#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "cpp_tests/node/member.hpp"
#include "cpp_tests/node/real_epmd.hpp"

using namespace std::chrono_literals;
using groot::epmd_is_missing;
using groot::Member;
using groot::NodeOptions;
using groot::RealEpmd;
using groot::Term;
using groot::ei_codec::atom;

namespace {

// What an exchange brings may take 10 to 20 s.
constexpr auto long_before_an_exchange = 5s;

// No packet reaches this address: who is named there dials, and cannot be dialled.
std::function<void(NodeOptions&)> behind_a_firewall(const std::string& alive) {
  return [alive](NodeOptions& options) { options.name = alive + "@240.0.0.1"; };
}

}  // namespace

TEST_CASE("hidden nodes that know one seed find each other") {
  if (epmd_is_missing()) return;
  const RealEpmd epmd;
  constexpr std::size_t nodes = 8;
  std::vector<std::unique_ptr<Member>> members;
  members.push_back(std::make_unique<Member>("seed"));
  while (members.size() < nodes) {
    members.push_back(std::make_unique<Member>("n" + std::to_string(members.size()),
                                               std::vector<std::string>{"seed"}));
  }
  const auto are_linked = [&] {
    return std::ranges::all_of(
        members, [](const auto& member) { return member->node->peers().size() == nodes - 1; });
  };
  const auto end = std::chrono::steady_clock::now() + 20s;
  while (!are_linked() && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(10ms);
  REQUIRE(are_linked());
  // Also without the one that they had in common.
  members.front()->node->stop();
  REQUIRE(members[1]->diary.await_line("lost seed@127.0.0.1"));
  const auto before = std::chrono::steady_clock::now();
  REQUIRE(members[1]->node->set(atom("k"), 1).has_value());
  for (std::size_t i = 2; i < nodes; ++i) REQUIRE(members[i]->diary.await_change(atom("k"), 1));
  CHECK(std::chrono::steady_clock::now() - before < long_before_an_exchange);
}

TEST_CASE("what is written where no link can be made to is passed on at once") {
  if (epmd_is_missing()) return;
  const RealEpmd epmd;
  Member seed("seed");
  Member a("a", {"seed"}, behind_a_firewall("a"));
  Member b("b", {"seed"}, behind_a_firewall("b"));
  for (const Member* member : {&a, &b}) {
    REQUIRE(seed.diary.await_line(member->node->name() + " is a node of this kind"));
  }
  for (Member* member : {&a, &b}) {
    REQUIRE(member->diary.await_line("seed@127.0.0.1 is a node of this kind"));
  }
  for (int i = 0; i < 20; ++i) {
    const auto before = std::chrono::steady_clock::now();
    REQUIRE(a.node->set(atom("k"), i).has_value());
    REQUIRE(b.diary.await_change(atom("k"), i));
    CHECK(std::chrono::steady_clock::now() - before < long_before_an_exchange);
  }
  const auto before = std::chrono::steady_clock::now();
  REQUIRE(b.node->erase(atom("k")).has_value());
  REQUIRE(a.diary.await_change(atom("k"), std::nullopt));
  CHECK(std::chrono::steady_clock::now() - before < long_before_an_exchange);
  CHECK(a.node->peers() == std::vector<std::string>{"seed@127.0.0.1"});
}
