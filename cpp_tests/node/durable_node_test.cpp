// A node with a data directory, as a program that embeds it sees it.
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "cnode/disk/disk_error.hpp"
#include "cnode/options.hpp"
#include "cpp_tests/disk/support.hpp"
#include "cpp_tests/node/member.hpp"
#include "cpp_tests/node/real_epmd.hpp"

using namespace std::chrono_literals;
using groot::Durability;
using groot::epmd_is_missing;
using groot::Member;
using groot::Node;
using groot::NodeOptions;
using groot::RealEpmd;
using groot::Term;
using groot::disk::disk_errc;
using groot::disk::testing::TempDir;
using groot::ei_codec::atom;
using groot::ei_codec::binary;

namespace {

std::function<void(NodeOptions&)> in(const TempDir& dir, Durability durability = Durability::async,
                                     std::uint64_t max_size = 0) {
  return [path = dir.path(), durability, max_size](NodeOptions& options) {
    options.data_dir = path;
    options.durability = durability;
    options.data_max_size = max_size;
  };
}

}  // namespace

TEST_CASE("what a node holds outlives it") {
  if (epmd_is_missing()) return;
  const RealEpmd epmd;
  const TempDir dir;
  {
    Member a("a", {}, in(dir));
    REQUIRE(a.node->set(atom("kept"), 1).has_value());
    REQUIRE(a.node->set(atom("gone"), 2).has_value());
    REQUIRE(a.node->erase(atom("gone")).has_value());
    REQUIRE(a.node->set(atom("brief"), 3, 1ms).has_value());
    REQUIRE(a.diary.await_change(atom("brief"), std::nullopt));
  }
  Member a("a", {}, in(dir));
  CHECK(a.node->get(atom("kept")) == Term(1));
  CHECK(a.node->keys() == std::vector<Term>{atom("kept")});
  CHECK(a.diary.await_line("1 registers read from " + dir.path()));
}

TEST_CASE("sync: a write that returned is in the file, whoever wrote it") {
  if (epmd_is_missing()) return;
  const RealEpmd epmd;
  const TempDir dir;
  Member a("a", {}, in(dir, Durability::sync));
  std::vector<std::thread> writers;
  for (int writer = 0; writer < 4; ++writer) {
    writers.emplace_back([&a, writer] {
      for (int i = 0; i < 25; ++i) {
        if (!a.node->set(Term(writer * 100 + i), i)) std::abort();
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  // Not stopped: a copy of the file as it is now.
  const TempDir copy;
  std::filesystem::copy_file(dir.file(), copy.file());
  CHECK(groot::disk::testing::contents_of(copy.path()).size() == 100);
}

TEST_CASE("sync: a listener may write, and does not wait") {
  if (epmd_is_missing()) return;
  const RealEpmd epmd;
  const TempDir dir;
  Member a("a", {}, in(dir, Durability::sync));
  a.node->on_change([&a](const groot::Change& change) {
    if (change.key == atom("asked")) (void)a.node->set(atom("answered"), 1);
  });
  REQUIRE(a.node->set(atom("asked"), 1).has_value());
  REQUIRE(a.diary.await_change(atom("answered"), Term(1)));
}

TEST_CASE("sync: a full file refuses, and memory serves on") {
  if (epmd_is_missing()) return;
  const RealEpmd epmd;
  const TempDir dir;
  Member a("a", {}, in(dir, Durability::sync, std::uint64_t{1} << 20));
  CHECK_FALSE(a.node->save_failure().has_value());
  const Term large = binary(std::string(2'000'000, 'x'));
  const auto refused = a.node->set(atom("large"), large);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == disk_errc::not_saved);
  CHECK(a.node->get(atom("large")) == large);
  CHECK(a.node->save_failure().value_or("").find("--data-max-size") != std::string::npos);
  CHECK(a.diary.await_line("no longer saved"));
}

TEST_CASE("a directory that another node has is refused before the name is taken") {
  if (epmd_is_missing()) return;
  const RealEpmd epmd;
  const TempDir dir;
  Member a("a", {}, in(dir));
  NodeOptions options;
  options.name = "b@127.0.0.1";
  options.long_names = true;
  options.cookie = groot::secret;
  options.data_dir = dir.path();
  const auto second = Node::start(options);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == disk_errc::in_use);
  Member b("b");
}

TEST_CASE("durability wants a directory") {
  NodeOptions options;
  options.name = "n@box";
  options.cookie = "C";
  options.durability = Durability::sync;
  const auto refused = groot::resolve(options, groot::process_environment());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == groot::options_errc::bad_value);
}
