// Whole nodes in one process, with real sockets and a real epmd.
#include "cnode/node.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "cnode/dist/dist_error.hpp"
#include "cnode/options.hpp"
#include "cpp_tests/node/member.hpp"
#include "cpp_tests/node/real_epmd.hpp"
#include "store/store_error.hpp"

using namespace std::chrono_literals;
using groot::Change;
using groot::Diary;
using groot::epmd_is_missing;
using groot::Member;
using groot::Node;
using groot::NodeOptions;
using groot::RealEpmd;
using groot::secret;
using groot::Term;
using groot::dist::dist_errc;
using groot::ei_codec::atom;
using groot::ei_codec::binary;

TEST_CASE("a write on either of two nodes is readable on the other") {
  if (epmd_is_missing()) return;
  const RealEpmd epmd;
  Member a("a");
  REQUIRE(a.node->set(atom("before"), 1).has_value());
  Member b("b", {"a"});
  REQUIRE(b.diary.await_change(atom("before"), Term(1)));
  CHECK(b.node->get(atom("before")) == Term(1));

  REQUIRE(b.node->set(binary("from b"), binary("hello")).has_value());
  CHECK(b.node->get(binary("from b")) == binary("hello"));
  REQUIRE(a.diary.await_change(binary("from b"), binary("hello")));
  CHECK(a.node->get(binary("from b")) == binary("hello"));
  CHECK(a.node->size() == 2);
  CHECK(a.node->keys().size() == 2);
  CHECK(a.node->peers() == std::vector<std::string>{"b@127.0.0.1"});
  CHECK(b.node->peers() == std::vector<std::string>{"a@127.0.0.1"});

  REQUIRE(a.node->erase(binary("from b")).has_value());
  CHECK_FALSE(a.node->get(binary("from b")).has_value());
  REQUIRE(b.diary.await_change(binary("from b"), std::nullopt));
  CHECK_FALSE(b.node->get(binary("from b")).has_value());
  CHECK(b.node->keys() == std::vector<Term>{atom("before")});
}

TEST_CASE("many keys read at once are what each is read alone") {
  if (epmd_is_missing()) return;
  const RealEpmd epmd;
  Member a("a");
  CHECK(a.node->get_all({}).empty());
  std::vector<Term> keys;
  for (int i = 0; i < 100; ++i) {
    keys.emplace_back(i);
    if (i % 3 != 0) {
      REQUIRE(a.node->set(i, binary(std::string(static_cast<std::size_t>(i), 'v'))).has_value());
    }
    if (i % 5 == 0) REQUIRE(a.node->erase(i).has_value());
  }
  REQUIRE(a.node->set(1, 1, 0ms).has_value());
  keys.push_back(atom("\xff"));  // no key at all
  keys.push_back(binary(std::string(1'000, 'k')));
  REQUIRE(a.node->set(keys.back(), 7).has_value());
  keys.emplace_back(2);
  const auto values = a.node->get_all(keys);
  REQUIRE(values.size() == keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    CAPTURE(i);
    CHECK(values[i] == a.node->get(keys[i]));
  }
  CHECK(values[101] == Term(7));
  CHECK(values[102] == binary("vv"));
  CHECK_FALSE(values[100].has_value());
}

TEST_CASE("a value with a deadline ends on every node") {
  if (epmd_is_missing()) return;
  const RealEpmd epmd;
  Member a("a");
  Member b("b", {"a"});
  REQUIRE(a.node->set(atom("brief"), 1, 300ms).has_value());
  REQUIRE(b.diary.await_change(atom("brief"), Term(1)));
  REQUIRE(b.diary.await_change(atom("brief"), std::nullopt));
  REQUIRE(a.diary.await_change(atom("brief"), std::nullopt));
  CHECK_FALSE(a.node->get(atom("brief")).has_value());
  CHECK_FALSE(b.node->get(atom("brief")).has_value());

  REQUIRE(a.node->set(atom("never"), 1, 0ms).has_value());
  CHECK_FALSE(a.node->get(atom("never")).has_value());
}

TEST_CASE("a change says whether the key is gone, also where its value cannot be shown") {
  if (epmd_is_missing()) return;
  const RealEpmd epmd;
  Member a("a");
  // As other nodes may send it: deeper than a Term can be.
  groot::ei_codec::LocalFun deep;
  for (std::size_t i = 0; i <= groot::ei_codec::tree_depth_max; ++i) {
    deep.encoded.insert(deep.encoded.end(), {104, 1});
  }
  deep.encoded.push_back(106);
  REQUIRE(a.node->set(atom("k"), deep).has_value());
  REQUIRE(a.node->set(atom("k"), 1).has_value());
  REQUIRE(a.node->erase(atom("k")).has_value());
  REQUIRE(a.node->set(atom("end"), 1).has_value());
  REQUIRE(a.diary.await_change(atom("end"), Term(1)));
  const auto changes = a.diary.changes();
  REQUIRE(changes.size() == 4);
  CHECK_FALSE(changes[0].value);
  CHECK_FALSE(changes[0].deleted);
  CHECK(changes[1].value == Term(1));
  CHECK_FALSE(changes[1].deleted);
  CHECK_FALSE(changes[2].value);
  CHECK(changes[2].deleted);
}

TEST_CASE("what cannot be stored is refused and changes nothing") {
  if (epmd_is_missing()) return;
  const RealEpmd epmd;
  Member a("a", {}, [](NodeOptions& options) { options.max_value_size = 100; });
  const auto too_large = a.node->set(atom("k"), binary(std::string(100, 'x')));
  REQUIRE_FALSE(too_large.has_value());
  CHECK(too_large.error().code == groot::store::store_errc::value_too_large);
  CHECK(a.node->set(atom("k"), binary(std::string(90, 'x'))).has_value());
  CHECK_FALSE(a.node->set(atom("k"), 1, -1ms).has_value());

  const Term twice(groot::ei_codec::Map{.pairs = {{Term(1), Term(1)}, {Term(1), Term(2)}}});
  CHECK_FALSE(a.node->set(atom("k"), twice).has_value());
  CHECK_FALSE(a.node->set(twice, 1).has_value());
  CHECK_FALSE(a.node->erase(twice).has_value());
  CHECK_FALSE(a.node->get(twice).has_value());

  // Terms that have no encoding at all.
  for (const Term& wrong :
       {atom(std::string(256, 'a')), atom("\xff"), Term(groot::ei_codec::Reference{}),
        Term(groot::ei_codec::BitString{}), Term(std::numeric_limits<double>::infinity())}) {
    CHECK_FALSE(a.node->set(atom("k"), wrong).has_value());
    CHECK_FALSE(a.node->set(wrong, 1).has_value());
    CHECK_FALSE(a.node->erase(wrong).has_value());
    CHECK_FALSE(a.node->get(wrong).has_value());
  }
  CHECK(a.node->get(atom("k")) == binary(std::string(90, 'x')));
}

TEST_CASE("a name that is taken is refused in one sentence, and nothing is left behind") {
  if (epmd_is_missing()) return;
  const RealEpmd epmd;
  Member a("a");
  NodeOptions options;
  options.name = "a@127.0.0.1";
  options.long_names = true;
  options.cookie = secret;
  const auto second = Node::start(options);
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().code == dist_errc::name_taken);
  CHECK(second.error().text().find("\"a\"") != std::string::npos);
  CHECK(epmd.names() == std::vector<std::string>{"a"});
}

TEST_CASE("a port that is taken is refused") {
  if (epmd_is_missing()) return;
  const RealEpmd epmd;
  Member a("a");
  NodeOptions options;
  options.name = "b@127.0.0.1";
  options.long_names = true;
  options.cookie = secret;
  options.listen_port = a.node->port();
  const auto second = Node::start(options);
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().code == std::errc::address_in_use);
  CHECK(epmd.names() == std::vector<std::string>{"a"});
}

TEST_CASE("without an epmd a node fails, or starts one when it may") {
  if (epmd_is_missing()) return;
  RealEpmd epmd(false);
  NodeOptions options;
  options.name = "a@127.0.0.1";
  options.long_names = true;
  options.cookie = secret;
  const auto refused = Node::start(options);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().text().find("epmd -daemon") != std::string::npos);
  {
    Member a("a", {}, [](NodeOptions& changed) { changed.start_epmd = true; });
    CHECK(epmd.names() == std::vector<std::string>{"a"});
  }
  epmd.stop_started();
}

TEST_CASE("a node that stops is gone at once, for its peers and for epmd") {
  if (epmd_is_missing()) return;
  const RealEpmd epmd;
  Member a("a");
  Member b("b", {"a"});
  REQUIRE(a.diary.await_line("connected to b@127.0.0.1"));
  const auto before = std::chrono::steady_clock::now();
  b.node->stop();
  CHECK(std::chrono::steady_clock::now() - before < 1s);
  CHECK(a.diary.await_line("lost b@127.0.0.1"));
  CHECK(epmd.names() == std::vector<std::string>{"a"});
  CHECK(a.node->peers().empty());
  CHECK(b.node->peers().empty());
  b.node->stop();
}

TEST_CASE("a bool that is set is the atom") {
  if (epmd_is_missing()) return;
  const RealEpmd epmd;
  Member a("a");
  REQUIRE(a.node->set(atom("on"), true).has_value());
  REQUIRE(a.node->set(atom("off"), false).has_value());
  CHECK(a.node->get(atom("on")) == atom("true"));
  CHECK(a.node->get(atom("off")) == atom("false"));
}

TEST_CASE("a node that comes back under its name is found again and gets what it lost") {
  if (epmd_is_missing()) return;
  const RealEpmd epmd;
  Member a("a", {"b"});
  {
    Member b("b");
    REQUIRE(b.node->set(atom("k"), 1).has_value());
    REQUIRE(a.diary.await_change(atom("k"), Term(1)));
  }
  Member again("b");
  REQUIRE(again.diary.await_change(atom("k"), Term(1)));
}

TEST_CASE("a wrong cookie is refused, and no line says a cookie") {
  if (epmd_is_missing()) return;
  const RealEpmd epmd;
  Member a("a");
  Member stranger("stranger", {"a"}, [](NodeOptions& options) { options.cookie = "ANOTHERONE"; });
  REQUIRE(a.diary.await_line("no connection with stranger@127.0.0.1 (127.0.0.1:"));
  REQUIRE(stranger.diary.await_line("no connection with a@127.0.0.1"));
  CHECK(a.node->peers().empty());
  for (Diary* diary : {&a.diary, &stranger.diary}) {
    for (const std::string& line : diary->lines()) {
      CHECK(line.find(secret) == std::string::npos);
      CHECK(line.find("ANOTHERONE") == std::string::npos);
    }
  }
}

TEST_CASE("after a restart of epmd a node is registered again, its connections untouched") {
  if (epmd_is_missing()) return;
  RealEpmd epmd;
  Member a("a");
  Member b("b", {"a"});
  REQUIRE(a.diary.await_line("connected to b@127.0.0.1"));
  epmd.stop();
  REQUIRE(a.diary.await_line("epmd has closed our registration"));
  epmd.start();
  REQUIRE(a.diary.await_line("registered with epmd again"));
  REQUIRE(b.diary.await_line("registered with epmd again"));
  auto names = epmd.names();
  std::ranges::sort(names);
  CHECK(names == std::vector<std::string>{"a", "b"});
  REQUIRE(a.node->set(atom("k"), 1).has_value());
  REQUIRE(b.diary.await_change(atom("k"), Term(1)));
  for (const std::string& line : a.diary.lines()) CHECK(line.find("lost b") == std::string::npos);
}

TEST_CASE("listeners hear each change in order, may use the node, and end when removed") {
  if (epmd_is_missing()) return;
  const RealEpmd epmd;
  Member a("a");
  std::atomic<int> heard = 0;
  const auto number = a.node->on_change([&](const Change& change) {
    ++heard;
    // No deadlock: reading, writing and listening from inside a change.
    if (change.key == atom("ping")) {
      CHECK(a.node->get(atom("ping")).has_value());
      CHECK(a.node->set(atom("pong"), *change.value).has_value());
      CHECK(a.node->keys().size() >= 1);
    }
  });
  a.node->on_change([](const Change& change) {
    if (change.key == atom("ping")) throw std::runtime_error("thrown by a test");
  });
  REQUIRE(a.node->set(atom("ping"), 7).has_value());
  REQUIRE(a.diary.await_change(atom("pong"), Term(7)));
  REQUIRE(a.diary.await_line("thrown by a test"));
  CHECK(a.node->get(atom("pong")) == Term(7));

  a.node->remove_listener(number);
  const int so_far = heard;
  for (int i = 0; i < 100; ++i) REQUIRE(a.node->set(atom("count"), i).has_value());
  REQUIRE(a.diary.await_change(atom("count"), Term(99)));
  CHECK(heard == so_far);
  std::vector<Term> counted;
  for (const Change& change : a.diary.changes()) {
    if (change.key == atom("count")) counted.push_back(*change.value);
  }
  REQUIRE(counted.size() == 100);
  for (int i = 0; i < 100; ++i) CHECK(counted[static_cast<std::size_t>(i)] == Term(i));
}

TEST_CASE("many threads write and read two nodes at once, and both end alike") {
  if (epmd_is_missing()) return;
  const RealEpmd epmd;
  Member a("a");
  Member b("b", {"a"});
  // From here on both send each write. What was written before arrives in an exchange, which later
  // writes may overtake.
  REQUIRE(a.diary.await_line("b@127.0.0.1 is a node of this kind"));
  REQUIRE(b.diary.await_line("a@127.0.0.1 is a node of this kind"));
  constexpr int writes = 500;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      Node& own = thread % 2 == 0 ? *a.node : *b.node;
      Node& other = thread % 2 == 0 ? *b.node : *a.node;
      for (int i = 0; i < writes; ++i) {
        if (!own.set(Term(i % 50), Term(thread * writes + i))) std::abort();
        (void)other.get(Term(i % 50));
        if (i % 100 == 0) (void)own.keys();
        if (i % 100 == 50) (void)own.peers();
      }
      if (!own.set(groot::ei_codec::tuple({atom("done"), thread}), 1)) std::abort();
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int thread = 0; thread < 4; ++thread) {
    const Term done = groot::ei_codec::tuple({atom("done"), thread});
    CHECK(a.diary.await_change(done, Term(1)));
    CHECK(b.diary.await_change(done, Term(1)));
  }
  CHECK(a.node->size() == 54);
  CHECK(b.node->size() == 54);
  for (int key = 0; key < 50; ++key) CHECK(a.node->get(Term(key)) == b.node->get(Term(key)));
}

TEST_CASE("a write reaches every node that is connected") {
  if (epmd_is_missing()) return;
  const RealEpmd epmd;
  Member a("a");
  Member b("b", {"a"});
  Member c("c", {"a", "b"});
  REQUIRE(a.diary.await_line("connected to c@127.0.0.1"));
  REQUIRE(b.diary.await_line("connected to c@127.0.0.1"));
  REQUIRE(c.node->set(atom("k"), 3).has_value());
  CHECK(a.diary.await_change(atom("k"), Term(3)));
  CHECK(b.diary.await_change(atom("k"), Term(3)));
}
