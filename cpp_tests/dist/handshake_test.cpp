#include "cnode/dist/handshake.hpp"

#include <functional>
#include <ostream>

#include <doctest/doctest.h>

#include "cpp_tests/dist/golden_file.hpp"
#include "cpp_tests/dist/wire.hpp"

using namespace groot;
using namespace groot::dist;
using namespace groot::dist::test;

namespace {

constexpr const char* cookie = "cookie";
constexpr std::uint32_t our_challenge = 0x80000001;
constexpr std::uint32_t their_challenge = 7;
constexpr std::uint64_t beam_flags = 0xd07df7fbd;

Bytes body(const Bytes& framed) {
  return {framed.begin() + 2, framed.end()};
}

template <class Message>
void tell(Handshake& handshake, const Message& value) {
  handshake.receive(body(message(value)));
}

template <class Event>
Event expect(Handshake& handshake) {
  const auto event = handshake.next_event();
  REQUIRE(event);
  REQUIRE(std::holds_alternative<Event>(*event));
  return std::get<Event>(*event);
}

void expect_closed(Handshake& handshake, dist_errc code) {
  CHECK(expect<Closed>(handshake).reason.code == code);
  CHECK_FALSE(handshake.next_event());
  CHECK(handshake.is_over());
  CHECK_FALSE(handshake.wants_message());
}

Handshake initiator() {
  return {identity("us@host"), name("peer@host"), cookie, our_challenge};
}
Handshake acceptor() {
  return {identity("us@host"), our_challenge};
}

const SendName their_name{Flags(beam_flags), 99, name("peer@host")};
const Challenge their_challenge_message{Flags(beam_flags), their_challenge, 99, name("peer@host")};
const ChallengeAck their_ack{make_digest(cookie, our_challenge)};
const ChallengeReply their_reply{their_challenge, make_digest(cookie, our_challenge)};

}  // namespace

TEST_CASE("initiator: from the name to up") {
  for (const char* status : {"ok", "ok_simultaneous"}) {
    CAPTURE(status);
    Handshake handshake = initiator();
    CHECK(handshake.take_output() == message(SendName{hidden_flags, 10, name("us@host")}));
    tell(handshake, Status{status});
    CHECK(handshake.take_output().empty());
    tell(handshake, their_challenge_message);
    CHECK(handshake.take_output() ==
          message(ChallengeReply{our_challenge, make_digest(cookie, their_challenge)}));
    CHECK_FALSE(handshake.next_event());
    tell(handshake, their_ack);
    const PeerInfo peer = expect<Up>(handshake).peer;
    CHECK(peer.name == name("peer@host"));
    CHECK(peer.creation == 99);
    CHECK(peer.flags == (Flags(beam_flags) & hidden_flags));
    CHECK_FALSE(peer.visible());
    CHECK(handshake.is_over());
  }
}

TEST_CASE("initiator: alive is answered by the owner") {
  Handshake wanted = initiator();
  (void)wanted.take_output();
  tell(wanted, Status{"alive"});
  expect<AliveReceived>(wanted);
  CHECK_FALSE(wanted.wants_message());
  wanted.answer_alive(true);
  CHECK(wanted.take_output() == message(Status{"true"}));
  tell(wanted, their_challenge_message);
  tell(wanted, their_ack);
  expect<Up>(wanted);

  Handshake unwanted = initiator();
  (void)unwanted.take_output();
  tell(unwanted, Status{"alive"});
  expect<AliveReceived>(unwanted);
  unwanted.answer_alive(false);
  CHECK(unwanted.take_output() == message(Status{"false"}));
  expect_closed(unwanted, dist_errc::not_wanted);
}

TEST_CASE("initiator: each way to be turned away") {
  const std::pair<const char*, dist_errc> statuses[] = {
      {"nok", dist_errc::nok},
      {"not_allowed", dist_errc::not_allowed},
      {"true", dist_errc::bad_handshake},
      {"okay", dist_errc::bad_handshake},
  };
  for (const auto& [status, code] : statuses) {
    const std::string said = status;
    CAPTURE(said);
    Handshake handshake = initiator();
    tell(handshake, Status{said});
    expect_closed(handshake, code);
  }
}

TEST_CASE("initiator: who answers must be who was dialled, with the flags we need") {
  Handshake other = initiator();
  tell(other, Status{"ok"});
  Challenge challenge = their_challenge_message;
  challenge.name = name("other@host");
  tell(other, challenge);
  (void)other.take_output();
  expect_closed(other, dist_errc::wrong_name);

  Handshake poor = initiator();
  tell(poor, Status{"ok"});
  (void)poor.take_output();
  challenge = their_challenge_message;
  challenge.flags = Flags(beam_flags & ~static_cast<std::uint64_t>(Flag::unlink_id));
  tell(poor, challenge);
  CHECK(poor.take_output().empty());  // no proof for a peer that we cannot talk to
  const auto closed = expect<Closed>(poor);
  CHECK(closed.reason.code == dist_errc::missing_flags);
  CHECK(closed.reason.detail == "UNLINK_ID");
}

TEST_CASE("initiator: an ack made with another cookie") {
  Handshake handshake = initiator();
  tell(handshake, Status{"ok"});
  tell(handshake, their_challenge_message);
  tell(handshake, ChallengeAck{make_digest("other", our_challenge)});
  expect_closed(handshake, dist_errc::wrong_cookie);
}

TEST_CASE("initiator: what a close means at each step") {
  Handshake handshake = initiator();
  CHECK(handshake.meaning_of_close().code == dist_errc::peer_closed);
  tell(handshake, Status{"ok"});
  CHECK(handshake.meaning_of_close().code == dist_errc::peer_closed);
  tell(handshake, their_challenge_message);
  CHECK(handshake.meaning_of_close().code == dist_errc::refused_cookie);
}

TEST_CASE("acceptor: from the name to up") {
  const std::pair<NameAnswer, const char*> answers[] = {
      {NameAnswer::ok, "ok"}, {NameAnswer::ok_simultaneous, "ok_simultaneous"}};
  for (const auto& [answer, status] : answers) {
    const std::string said = status;
    CAPTURE(said);
    Handshake handshake = acceptor();
    CHECK(handshake.take_output().empty());
    tell(handshake, their_name);
    CHECK(expect<NameReceived>(handshake).peer.name == name("peer@host"));
    CHECK_FALSE(handshake.wants_message());
    handshake.answer_name(answer, cookie);
    Bytes expected = message(Status{status});
    append(expected, message(Challenge{hidden_flags, our_challenge, 10, name("us@host")}));
    CHECK(handshake.take_output() == expected);
    tell(handshake, their_reply);
    CHECK(handshake.take_output() == message(ChallengeAck{make_digest(cookie, their_challenge)}));
    const PeerInfo peer = expect<Up>(handshake).peer;
    CHECK(peer.creation == 99);
    CHECK(peer.flags == (Flags(beam_flags) & hidden_flags));
  }
}

TEST_CASE("acceptor: a replacement is reported when the cookie is proved, not before") {
  Handshake handshake = acceptor();
  tell(handshake, their_name);
  expect<NameReceived>(handshake);
  handshake.answer_name(NameAnswer::alive, cookie);
  CHECK(handshake.take_output() == message(Status{"alive"}));
  tell(handshake, Status{"true"});
  CHECK_FALSE(handshake.next_event());
  CHECK(handshake.take_output() ==
        message(Challenge{hidden_flags, our_challenge, 10, name("us@host")}));
  tell(handshake, their_reply);
  expect<ReplacementProved>(handshake);
  expect<Up>(handshake);
}

TEST_CASE("acceptor: a replacement that is not meant, or not proved, ends by itself") {
  Handshake unmeant = acceptor();
  tell(unmeant, their_name);
  expect<NameReceived>(unmeant);
  unmeant.answer_name(NameAnswer::alive, cookie);
  tell(unmeant, Status{"false"});
  expect_closed(unmeant, dist_errc::not_wanted);

  Handshake unproved = acceptor();
  tell(unproved, their_name);
  expect<NameReceived>(unproved);
  unproved.answer_name(NameAnswer::alive, cookie);
  tell(unproved, Status{"true"});
  tell(unproved, ChallengeReply{their_challenge, make_digest("other", our_challenge)});
  expect_closed(unproved, dist_errc::wrong_cookie);

  Handshake vague = acceptor();
  tell(vague, their_name);
  expect<NameReceived>(vague);
  vague.answer_name(NameAnswer::alive, cookie);
  tell(vague, Status{"ok"});
  expect_closed(vague, dist_errc::bad_handshake);
}

TEST_CASE("acceptor: each way to turn a peer away says so first") {
  const std::tuple<NameAnswer, const char*, dist_errc> answers[] = {
      {NameAnswer::nok, "nok", dist_errc::nok},
      {NameAnswer::not_allowed, "not_allowed", dist_errc::not_allowed},
  };
  for (const auto& [answer, status, code] : answers) {
    const std::string said = status;
    CAPTURE(said);
    Handshake handshake = acceptor();
    tell(handshake, their_name);
    expect<NameReceived>(handshake);
    handshake.answer_name(answer, cookie);
    CHECK(handshake.take_output() == message(Status{status}));
    expect_closed(handshake, code);
  }

  Handshake poor = acceptor();
  tell(poor, SendName{Flags(0x7499c), 99, name("peer@host")});
  CHECK(poor.take_output() == message(Status{"not_allowed"}));
  expect_closed(poor, dist_errc::missing_flags);
}

TEST_CASE("acceptor: a proof made with another cookie gets no ack") {
  Handshake handshake = acceptor();
  tell(handshake, their_name);
  expect<NameReceived>(handshake);
  handshake.answer_name(NameAnswer::ok, cookie);
  (void)handshake.take_output();
  tell(handshake, ChallengeReply{their_challenge, make_digest("other", our_challenge)});
  CHECK(handshake.take_output().empty());
  expect_closed(handshake, dist_errc::wrong_cookie);
}

TEST_CASE("a name that is none is closed without a status") {
  Handshake handshake = acceptor();
  Bytes bytes = body(message(their_name));
  bytes.back() = '@';
  handshake.receive(bytes);
  CHECK(handshake.take_output().empty());
  expect_closed(handshake, dist_errc::bad_node_name);
}

TEST_CASE("peers with a name of the other kind are welcome") {
  Handshake handshake = acceptor();
  tell(handshake, SendName{Flags(beam_flags), 99, name("peer@host.example.com")});
  expect<NameReceived>(handshake);
}

TEST_CASE("a message that does not belong into the state is a breach, in every state") {
  using Script = std::function<void(Handshake&)>;
  const Script nothing = [](Handshake&) {};
  const Script accepted = [](Handshake& h) {
    tell(h, their_name);
    (void)h.next_event();
    h.answer_name(NameAnswer::ok, cookie);
  };
  const Script alive = [](Handshake& h) {
    tell(h, their_name);
    (void)h.next_event();
    h.answer_name(NameAnswer::alive, cookie);
  };
  const Script ok = [](Handshake& h) { tell(h, Status{"ok"}); };
  const Script challenged = [](Handshake& h) {
    tell(h, Status{"ok"});
    tell(h, their_challenge_message);
  };
  struct Case {
    bool initiates;
    Script until;
    char belongs;
  };
  const Case cases[] = {
      {true, nothing, 's'},  {true, ok, 'N'},     {true, challenged, 'a'},
      {false, nothing, 'N'}, {false, alive, 's'}, {false, accepted, 'r'},
  };
  const Bytes messages[] = {body(message(their_name)),
                            body(message(Status{"ok"})),
                            body(message(their_reply)),
                            body(message(their_ack)),
                            Bytes{'n', 0, 5, 0, 0, 0, 0, 'a', '@', 'b'},  // the old form
                            Bytes{'c', 0, 0, 0, 0, 0, 0, 0, 1},
                            Bytes{'x'},
                            Bytes{}};
  for (const Case& each : cases) {
    for (const Bytes& wrong : messages) {
      if (!wrong.empty() && wrong.front() == static_cast<std::uint8_t>(each.belongs)) continue;
      CAPTURE(each.initiates);
      CAPTURE(each.belongs);
      CAPTURE(wrong.size());
      Handshake handshake = each.initiates ? initiator() : acceptor();
      each.until(handshake);
      handshake.receive(wrong);
      expect_closed(handshake, dist_errc::bad_handshake);
    }
  }
}

TEST_CASE("a message of the right kind that is cut short is a breach") {
  for (const bool initiates : {true, false}) {
    Handshake handshake = initiates ? initiator() : acceptor();
    if (initiates) tell(handshake, Status{"ok"});
    handshake.receive(Bytes{'N', 0, 0});
    expect_closed(handshake, dist_errc::bad_handshake);
  }
}

TEST_CASE("decisions that nobody waits for change nothing") {
  Handshake handshake = acceptor();
  handshake.answer_name(NameAnswer::ok, cookie);
  handshake.answer_alive(true);
  CHECK(handshake.take_output().empty());
  CHECK(handshake.wants_message());
}

TEST_CASE("the recorded handshakes of a BEAM, both roles") {
  const std::string golden_cookie = golden::text("cookie");
  Identity self = identity("peer@localhost");
  Handshake dialed(self, name("golden@localhost"), golden_cookie, golden::number("our_challenge"));
  dialed.receive(golden::bytes("handshake_acceptor_status"));
  dialed.receive(golden::bytes("handshake_acceptor_challenge"));
  dialed.receive(golden::bytes("handshake_acceptor_ack"));
  CHECK(expect<Up>(dialed).peer.name == name("golden@localhost"));

  Handshake accepted(identity("peer2@localhost"), golden::number("our_challenge"));
  accepted.receive(golden::bytes("handshake_initiator_name"));
  expect<NameReceived>(accepted);
  accepted.answer_name(NameAnswer::alive, golden_cookie);
  accepted.receive(golden::bytes("handshake_initiator_alive_reply"));
  accepted.receive(golden::bytes("handshake_initiator_challenge_reply"));
  expect<ReplacementProved>(accepted);
  CHECK(expect<Up>(accepted).peer.name == name("golden@localhost"));
}

TEST_CASE("BEAMs and nodes of ours can be asked questions, C nodes cannot") {
  const auto can_be_asked = [](std::uint64_t theirs) {
    return PeerInfo{name("peer@host"), 99, Flags(theirs) & hidden_flags}.can_be_asked();
  };
  // 24, 25 and 27, 29.
  for (const std::uint64_t beam : {0xd03df7fbdULL, 0xd07df7fbdULL, 0x6d07df7fbdULL}) {
    CHECK(can_be_asked(beam));
  }
  CHECK(can_be_asked(offered_flags(false).bits()));
  CHECK(can_be_asked(offered_flags(true).bits()));
  constexpr std::uint64_t erl_interface = 0x407074f9c;
  CHECK_FALSE(can_be_asked(erl_interface));
}
