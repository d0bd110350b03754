// What a peer lacks, as its link takes it.
#include "cnode/process/catch_up.hpp"

#include <string>

#include "cnode/process/limits.hpp"
#include "ei_codec/limits.hpp"
#include "ei_codec/term_encode.hpp"
#include "fake_stock.hpp"

namespace groot::process {
namespace {

using namespace testing;

constexpr std::size_t value_bytes = ei_codec::kept_bytes_min;
constexpr std::size_t per_turn = catch_up_turn_bytes / value_bytes - 1;  // keys take some, too

// Holds `count` values of a megabyte. Links have no room until room() is told.
struct Full : Script {
  explicit Full(int count) {
    const Bytes value = encode_term(ei_codec::Binary(Bytes(value_bytes)));
    store::Effects effects;
    for (int i = 0; i < count; ++i) {
      REQUIRE(replica.set(encoded(std::to_string(i)), value, std::nullopt, now, effects));
    }
    has_room = false;
  }
  void tell(LinkId link, const Term& message) {
    receive(link, dist::RegSend{pid_of(link), std::string(storage_name)}, message);
  }
  // How many registers were sent to storage processes since the last call.
  std::size_t sent_registers() {
    std::size_t count = 0;
    for (const Sent& sent : take_sent_as<dist::RegSend>()) {
      if (sent.get<dist::RegSend>()->to == storage_name) count += sent.bytes / value_bytes;
    }
    return count;
  }
  void room() {
    for (const LinkId link : std::exchange(awaiting_room, {})) router.room(link, now);
  }
};

TEST_CASE("a state goes out in parts, the next when there is room, and each register once") {
  constexpr std::size_t count = 3 * per_turn;
  Full s(count);
  const LinkId link = s.quiet_up("a@h");
  s.tell(link, erl("{nodeup,'a@h'}"));
  std::size_t sent = 0;
  for (int turn = 0; turn < 3; ++turn) {
    const std::size_t now_sent = s.sent_registers();
    CHECK(now_sent == per_turn);
    sent += now_sent;
    // Nothing more until there is.
    CHECK(s.sent_registers() == 0);
    REQUIRE(s.awaiting_room == std::vector<LinkId>{link});
    s.room();
  }
  CHECK(s.sent_registers() == 0);
  CHECK(sent == count);
}

TEST_CASE("a state that is asked for many times is sent no faster than the link takes it") {
  constexpr std::size_t count = 4;
  Full s(count);
  s.has_room = true;
  FakeStock innocent(s, "a@h", Runs::groot_with_delete, true);
  innocent.settle();
  FakeStock asks(s, "b@h", Runs::groot_with_delete, true);
  asks.settle();
  (void)s.take_sent();
  s.has_room = false;
  for (int i = 0; i < 300; ++i) s.tell(asks.link, erl("sync_timeout"));
  // To both.
  std::size_t sent = s.sent_registers();
  CHECK(sent <= 2 * count);
  while (!s.awaiting_room.empty()) {
    s.room();
    sent += s.sent_registers();
  }
  // What was sent before the last time that it was asked for, and all once more.
  CHECK(sent >= 2 * count);
  CHECK(sent <= 2 * 2 * count);
}

TEST_CASE("small states may be asked for again and again, up to a bound") {
  Script s;
  s.has_room = false;
  const LinkId link = s.quiet_up("a@h");
  s.set("k", "'" + std::string(250, 'v') + "'");
  const auto ask = [&] {
    s.receive(link, dist::RegSend{s.pid_of(link), std::string(storage_name)},
              erl("{nodeup,'a@h'}"));
    return s.take_sent_as<dist::RegSend>().size();
  };
  std::size_t answers = 0;
  while (ask() == 1) ++answers;
  CHECK(answers > 100);
  CHECK(answers < catch_up_unpaced_bytes / 250);
  REQUIRE(s.awaiting_room.size() == 1);
  s.router.room(link, s.now);
  CHECK(s.take_sent_as<dist::RegSend>().size() == 1);
}

TEST_CASE("what was under way to a link that ended is not sent to the next") {
  constexpr std::size_t count = 2 * per_turn;
  Full s(count);
  const LinkId link = s.quiet_up("a@h");
  s.tell(link, erl("{nodeup,'a@h'}"));
  CHECK(s.sent_registers() == per_turn);
  s.down(link);
  s.room();
  const LinkId next = s.quiet_up("a@h");
  s.router.room(next, s.now);
  CHECK(s.sent_registers() == 0);
}

}  // namespace
}  // namespace groot::process
