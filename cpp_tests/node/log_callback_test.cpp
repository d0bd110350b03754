// What the embedding program's log function may do without anybody else noticing.
#include <atomic>
#include <chrono>
#include <memory>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <thread>

#include <doctest/doctest.h>

#include "cpp_tests/node/member.hpp"
#include "cpp_tests/node/real_epmd.hpp"

using namespace std::chrono_literals;
using groot::epmd_is_missing;
using groot::LogLevel;
using groot::Member;
using groot::NodeOptions;
using groot::RealEpmd;
using groot::Term;
using groot::ei_codec::atom;
using Clock = std::chrono::steady_clock;

TEST_CASE("a log function that never returns keeps neither peers nor stop waiting") {
  if (epmd_is_missing()) return;
  const RealEpmd epmd;
  // Shared: the function outlives the node.
  const auto release = std::make_shared<std::binary_semaphore>(0);
  const auto ended = std::make_shared<std::binary_semaphore>(0);
  {
    Member a("a", {}, [&](NodeOptions& options) {
      options.log = [release, ended](LogLevel, const std::string&) {
        release->acquire();
        ended->release();
      };
    });
    Member b("b", {"a"});
    REQUIRE(a.node->set(atom("from a"), 1).has_value());
    REQUIRE(b.diary.await_change(atom("from a"), Term(1)));
    REQUIRE(b.node->set(atom("from b"), 2).has_value());
    REQUIRE(a.diary.await_change(atom("from b"), Term(2)));
    const auto begin = Clock::now();
    a.node->stop();
    CHECK(Clock::now() - begin < 1s);
  }
  release->release();
  CHECK(ended->try_acquire_for(20s));
}

TEST_CASE("a log function that throws ends nothing, and hears of it") {
  if (epmd_is_missing()) return;
  const RealEpmd epmd;
  std::atomic<bool> fails = true;
  groot::Diary diary;
  Member a("a", {}, [&](NodeOptions& options) {
    options.log = [&](LogLevel, const std::string& text) {
      if (fails) throw std::runtime_error("disk full");
      diary.log(text);
    };
  });
  {
    Member b("b", {"a"});
    REQUIRE(b.node->set(atom("k"), 1).has_value());
    REQUIRE(a.diary.await_change(atom("k"), Term(1)));
    fails = false;
  }
  CHECK(diary.await_line("log lines were lost: the log function threw: disk full"));
  CHECK(a.node->get(atom("k")) == Term(1));
}

TEST_CASE(
    "the log function is called from a thread of its own, and has all when start and stop return") {
  if (epmd_is_missing()) return;
  const RealEpmd epmd;
  std::atomic<std::thread::id> logs;
  std::atomic<std::thread::id> changes;
  Member a("a", {}, [&](NodeOptions& options) {
    options.log = [&](LogLevel, const std::string&) { logs = std::this_thread::get_id(); };
  });
  CHECK(logs.load() != std::thread::id());
  a.node->on_change([&](const groot::Change&) { changes = std::this_thread::get_id(); });
  REQUIRE(a.node->set(atom("k"), 1).has_value());
  REQUIRE(a.diary.await_change(atom("k"), Term(1)));
  a.node->stop();
  CHECK(logs.load() != std::this_thread::get_id());
  CHECK(logs.load() != changes.load());
}
