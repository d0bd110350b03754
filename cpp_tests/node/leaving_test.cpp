// What a program hears of its writes while its node leaves the cluster, and afterwards.
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "cnode/io/io_error.hpp"
#include "cpp_tests/disk/support.hpp"
#include "cpp_tests/node/member.hpp"
#include "cpp_tests/node/real_epmd.hpp"

using namespace std::chrono_literals;
using groot::Durability;
using groot::epmd_is_missing;
using groot::Member;
using groot::NodeOptions;
using groot::RealEpmd;
using groot::Term;
using groot::disk::testing::contents_of;
using groot::disk::testing::TempDir;
using groot::ei_codec::atom;
using groot::io::io_errc;

TEST_CASE("a node that has left says so of each write, and what it knows can still be read") {
  if (epmd_is_missing()) return;
  const RealEpmd epmd;
  for (const auto durability : {Durability::async, Durability::sync}) {
    const TempDir dir;
    Member a("a", {}, [&](NodeOptions& options) {
      options.data_dir = dir.path();
      options.durability = durability;
    });
    REQUIRE(a.node->set(atom("k"), 1).has_value());
    a.node->stop();
    for (const auto& refused : {a.node->set(atom("k"), 2), a.node->erase(atom("k"))}) {
      REQUIRE_FALSE(refused.has_value());
      CHECK(refused.error().code == io_errc::left_cluster);
      CHECK(refused.error().text() == "the node has left the cluster: nothing was written");
    }
    CHECK(a.node->get(atom("k")) == Term(1));
  }
}

TEST_CASE("of writes under way while a node stops each that was answered ok is saved and sent") {
  if (epmd_is_missing()) return;
  const RealEpmd epmd;
  for (const auto durability : {Durability::async, Durability::sync}) {
    const TempDir dir;
    Member a("a");
    Member b("b", {"a"}, [&](NodeOptions& options) {
      options.data_dir = dir.path();
      options.durability = durability;
    });
    REQUIRE(a.diary.await_line("b@127.0.0.1 is a node of this kind"));
    REQUIRE(b.diary.await_line("a@127.0.0.1 is a node of this kind"));
    std::atomic<int> answered_ok = 0;
    std::vector<std::thread> writers;
    for (int writer = 0; writer < 4; ++writer) {
      writers.emplace_back([&, writer] {
        for (int i = 0;; ++i) {
          const auto done = b.node->set(Term(i * 4 + writer), i);
          if (!done) {
            if (done.error().code != io_errc::left_cluster) std::abort();
            return;
          }
          ++answered_ok;
        }
      });
    }
    while (answered_ok < 20) std::this_thread::sleep_for(1ms);
    b.node->stop();
    for (std::thread& writer : writers) writer.join();
    const auto answered = static_cast<std::size_t>(answered_ok.load());
    CHECK(contents_of(dir.path()).size() == answered);
    REQUIRE(a.diary.await_line("lost b@127.0.0.1"));
    CHECK(a.node->size() == answered);
  }
}
