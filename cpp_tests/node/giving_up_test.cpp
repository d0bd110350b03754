// A node whose every turn fails, as one without memory may.
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <new>
#include <string>

#include <doctest/doctest.h>

#include "cnode/io/io_error.hpp"
#include "cnode/io/runtime.hpp"
#include "cpp_tests/node/real_epmd.hpp"
#include "ei_codec/term.hpp"
#include "ei_codec/term_encode.hpp"

using namespace std::chrono_literals;
using groot::epmd_is_missing;
using groot::RealEpmd;
using groot::ei_codec::atom;
using groot::ei_codec::Bytes;
using groot::ei_codec::encode_term;
using groot::io::Core;
using groot::io::Runtime;
using groot::io::RuntimeOptions;

namespace {

const auto self = groot::dist::NodeName::parse("failing@127.0.0.1").value();

std::unique_ptr<Core> new_core() {
  groot::store::ReplicaOptions replica;
  replica.node_id = 1;
  groot::process::RouterOptions router;
  router.self = self;
  router.creation = 7;
  router.random = [] { return std::uint64_t{4}; };
  return std::make_unique<Core>(std::make_unique<groot::store::Replica>(replica),
                                std::move(router));
}

RuntimeOptions options() {
  RuntimeOptions options;
  options.self = self;
  options.cookie = "secret";
  return options;
}

}  // namespace

TEST_CASE("a node that can do nothing any more says so to its owner and leaves the cluster") {
  if (epmd_is_missing()) return;
  const RealEpmd epmd;
  const auto core = new_core();
  std::atomic<int> lines = 0;
  std::promise<std::string> ended;
  RuntimeOptions failing = options();
  failing.log = [&lines](const groot::process::LogLine&) {
    ++lines;
    throw std::bad_alloc();
  };
  failing.ended = [&ended](const std::string& why) { ended.set_value(why); };
  auto runtime = Runtime::open(std::move(failing));
  REQUIRE(runtime);
  (*runtime)->run(*core);
  // This is worth a line; that it failed is worth another.
  const Bytes list_key = encode_term(groot::ei_codec::list({atom("a")}));
  const Bytes value = encode_term(groot::ei_codec::Term(1));
  REQUIRE(core->set(list_key, value, std::nullopt));
  auto why = ended.get_future();
  REQUIRE(why.wait_for(20s) == std::future_status::ready);
  CHECK(why.get().find("memory") != std::string::npos);
  CHECK(lines >= 2);
  const auto late = core->set(value, value, std::nullopt);
  REQUIRE_FALSE(late);
  CHECK(late.error().code == groot::io::io_errc::left_cluster);
  {
    const groot::store::ReadSection section;
    CHECK(core->get(section, list_key) != nullptr);
  }
  (*runtime)->stop();
  // The name is free.
  auto successor = Runtime::open(options());
  CHECK(successor);
}
