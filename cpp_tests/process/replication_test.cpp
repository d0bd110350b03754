#include "cnode/process/replication.hpp"

#include "cnode/process/limits.hpp"
#include "cpp_tests/support/actions.hpp"
#include "ei_codec/term_encode.hpp"
#include "fake_stock.hpp"
#include "store/hybrid_clock.hpp"
#include "store/limits.hpp"

namespace groot::process {
namespace {

using namespace testing;

// The messages to storage processes among the actions, undecoded.
std::vector<SendFrame> to_storage(Script& s) {
  std::vector<SendFrame> frames;
  for (auto actions = s.router.take_actions(); !actions.empty();) {
    for (const Action& action : groot::testing::one_by_one(std::move(actions))) {
      if (const auto* await = std::get_if<AwaitRoom>(&action)) s.router.room(await->link, s.now);
      const auto* frame = std::get_if<SendFrame>(&action);
      if (!frame) continue;
      const auto* message = std::get_if<dist::RegSend>(&frame->control);
      if (message && message->to == "Elixir.Groot.Storage") frames.push_back(*frame);
    }
    actions = s.router.take_actions();
  }
  return frames;
}

TEST_CASE("a write is encoded once, however many peers get it") {
  Script s;
  FakeStock a(s, "a@h", Runs::groot_with_delete);
  a.settle();
  FakeStock b(s, "b@h", Runs::groot_without_delete);
  b.settle();
  FakeStock c(s, "c@h", Runs::no_groot);
  c.settle();
  s.set("k", "v");
  const auto frames = to_storage(s);
  REQUIRE(frames.size() == 2);
  CHECK(frames[0].link == a.link);
  CHECK(frames[1].link == b.link);
  // The same bytes, not equal ones.
  CHECK(frames[0].message.pieces()[0].bytes.data() == frames[1].message.pieces()[0].bytes.data());
}

TEST_CASE("a delete goes to stock as an update with nil, never as propagate_delete") {
  for (const Runs runs : {Runs::groot_without_delete, Runs::groot_with_delete}) {
    Script s;
    FakeStock peer(s, "a@h", runs);
    peer.settle();
    s.set("k", "v");
    store::Effects effects;
    REQUIRE(s.replica.erase(encoded("k"), s.now, effects));
    s.router.perform(std::move(effects), s.now);
    peer.settle();
    CHECK(peer.get("k") == "nil");
    CHECK(peer.deaths == 0);
  }
}

TEST_CASE("list keys never reach a stock node, alone or in a crowd") {
  Script s;
  FakeStock peer(s, "a@h", Runs::groot_with_delete);
  peer.settle();
  s.set("\"charlist\"", "v");
  s.set("[]", "v");
  store::Effects many;
  for (int i = 0; i < 40; ++i) {
    const std::string key = i % 2 == 0 ? "[" + std::to_string(i) + "]" : std::to_string(i);
    REQUIRE(s.replica.set(encoded(key), encoded("v"), std::nullopt, s.now, many));
  }
  s.router.perform(std::move(many), s.now);
  peer.settle();
  CHECK(peer.deaths == 0);
  CHECK(peer.get("39") == "v");
}

TEST_CASE("the warning about a list key names it, within limits") {
  Script s;
  s.set("\"charlist\"", "v");
  s.set("\"" + std::string(logged_key_bytes_max, 'x') + "\"", "v");
  const auto warnings = s.take_warnings();
  REQUIRE(warnings.size() == 2);
  CHECK(warnings[0] == "a key that is a list is not sent to stock nodes: ~c\"charlist\"");
  CHECK(warnings[1].ends_with("xxx..."));
  CHECK(warnings[1].size() < warnings[0].size() + logged_key_bytes_max);
}

TEST_CASE("warnings name the peer that they are about, and list keys are told of once a peer") {
  Script s;
  s.set("[a]", "v");
  (void)s.take_warnings();
  const auto named = [&](std::string_view about) {
    std::size_t count = 0;
    for (const std::string& line : s.take_warnings()) {
      if (line.starts_with("a@h ") && line.find(about) != std::string::npos) ++count;
    }
    return count;
  };
  FakeStock peer(s, "a@h", Runs::groot_with_delete);
  peer.settle();
  CHECK(named("is not sent 1 registers") == 1);
  const auto ahead = static_cast<std::uint64_t>(s.now.wall_ms + store::drift_max_ms + 1'000);
  s.cast(peer.link, "Elixir.Groot.Storage",
         ei_codec::tuple(
             {ei_codec::atom("update_register"), register_term(erl("k"), erl("v"), ahead)}));
  CHECK(named("ahead of our wall time") == 1);
  peer.cut();
  peer.reconnect();
  peer.settle();
  CHECK(named("is not sent") == 0);
}

TEST_CASE("few writes travel one by one, many as one map that holds the last of each key") {
  Script s;
  FakeStock peer(s, "a@h", Runs::groot_with_delete);
  peer.settle();
  const auto write = [&](std::size_t count) {
    store::Effects effects;
    for (std::size_t i = 0; i < count; ++i) {
      // One key twice.
      const std::string key = std::to_string(i % (count - 1));
      REQUIRE(
          s.replica.set(encoded(key), encoded(std::to_string(i)), std::nullopt, s.now, effects));
    }
    s.router.perform(std::move(effects), s.now);
    return to_storage(s);
  };
  CHECK(write(singles_max).size() == singles_max);
  const auto frames = write(singles_max + 2);
  REQUIRE(frames.size() == 1);
  const Term message = decoded(whole(frames[0].message));  // decoding refuses a key twice
  CHECK(text(message).find("value => " + std::to_string(singles_max + 1)) != std::string::npos);
}

TEST_CASE("a stock peer that holds much is sent no map of little") {
  const auto writes_sent = [](std::size_t held, std::size_t count) {
    Script s;
    FakeStock peer(s, "a@h", Runs::groot_with_delete);
    peer.settle();
    const auto write = [&](std::size_t keys) {
      store::Effects effects;
      for (std::size_t i = 0; i < keys; ++i) {
        const Bytes key = encoded(std::to_string(i));
        REQUIRE(s.replica.set(key, encoded("v"), std::nullopt, s.now, effects));
      }
      s.router.perform(std::move(effects), s.now);
      return to_storage(s).size();
    };
    (void)write(held);
    return write(count);
  };
  constexpr std::size_t count = 2 * singles_max;
  CHECK(writes_sent(held_per_single * count, count) == count);
  CHECK(writes_sent(held_per_single * count - 1, count) == 1);
}

// What a peer that has just come up is told of `count` registers of about `size` bytes.
std::vector<SendFrame> full_state(Script& s, int count, std::size_t size) {
  const Bytes value = encode_term(ei_codec::Binary(Bytes(size)));
  store::Effects effects;
  for (int i = 0; i < count; ++i) {
    REQUIRE(s.replica.set(encoded(std::to_string(i)), value, std::nullopt, s.now, effects));
  }
  const LinkId link = s.up("a@h");
  (void)s.router.take_actions();
  s.receive(link, dist::RegSend{s.pid_of(link), "Elixir.Groot.Storage"}, erl("{nodeup,'a@h'}"));
  return to_storage(s);
}

TEST_CASE("a state above the message size goes in several") {
  Script s;
  const std::size_t size = ei_codec::kept_bytes_min / 2;
  const auto frames = full_state(s, 200, size);
  CHECK(frames.size() == 2);
  std::size_t registers = 0;
  for (const auto& frame : frames) {
    CHECK(frame.message.size() <= update_bytes_max + 1'000);
    registers += frame.message.size() / size;
  }
  CHECK(registers == 200);
}

TEST_CASE("large registers go one by one, from where they are stored and in nobody's way") {
  Script s;
  store::Effects effects;
  REQUIRE(s.replica.set(encoded("small"), encoded("1"), std::nullopt, s.now, effects));
  const auto frames = full_state(s, 20, ei_codec::kept_bytes_min);
  REQUIRE(frames.size() == 21);
  int large = 0;
  for (const auto& frame : frames) {
    const Pid from = std::get<dist::RegSend>(frame.control).from;
    const ByteView value = frame.message.pieces()[1].bytes;
    if (value.empty()) {
      CHECK(from == s.own_pid(ServedPid::storage));
      continue;
    }
    ++large;
    CHECK(from == s.own_pid(ServedPid::large_updates));
    const Term message = decoded(whole(frame.message));
    const Term reg = message.get_if<ei_codec::Tuple>()->elements.at(1);
    const Term update = reg.get_if<ei_codec::Tuple>()->elements.at(1);
    const Term* key = update.get_if<ei_codec::Map>()->find(erl("key"));
    REQUIRE(key != nullptr);
    CHECK(s.replica.get(encode_term(*key), s.now.wall_ms)->value().data() == value.data());
  }
  CHECK(large == 20);
}

TEST_CASE("an update that came from a peer is not sent back to anyone") {
  Script s;
  FakeStock a(s, "a@h", Runs::groot_with_delete);
  a.settle();
  FakeStock b(s, "b@h", Runs::groot_with_delete);
  b.settle();
  s.cast(
      a.link, "Elixir.Groot.Storage",
      ei_codec::tuple({ei_codec::atom("update_register"), register_term(erl("k"), erl("v"), 1)}));
  CHECK(s.get("k") == "v");
  CHECK(to_storage(s).empty());
}

}  // namespace
}  // namespace groot::process
