#include "cnode/dist/handshake_messages.hpp"

#include <ostream>

#include <doctest/doctest.h>

#include "cnode/dist/dist_error.hpp"
#include "cnode/dist/limits.hpp"
#include "cpp_tests/dist/golden_file.hpp"

using namespace groot;
using namespace groot::dist;
using ei_codec::Bytes;
using ei_codec::ByteView;

namespace {

template <class Message>
Bytes encoded(const Message& message) {
  Bytes framed;
  encode(message, framed);
  CHECK(framed.size() == 2 + (std::size_t{framed[0]} << 8 | framed[1]));
  framed.erase(framed.begin(), framed.begin() + 2);
  return framed;
}

// Every strict prefix is refused, and the message survives the way back to bytes.
template <class Decode>
auto decode_whole(Decode decode, const Bytes& whole, bool may_be_longer) {
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(decode(ByteView(whole).first(size)));
  }
  Bytes longer = whole;
  longer.push_back(0);
  CHECK(decode(longer).has_value() == may_be_longer);
  const auto decoded = decode(whole);
  REQUIRE(decoded);
  CHECK(encoded(*decoded) == whole);
  return *decoded;
}

}  // namespace

TEST_CASE("a BEAM's name") {
  const SendName name =
      decode_whole(decode_send_name, golden::bytes("handshake_initiator_name"), true);
  CHECK(name.name.full() == "golden@localhost");
  CHECK(name.flags.bits() == 0xd07df7fbd);
  CHECK(name.creation > 3);
}

TEST_CASE("a BEAM's challenge") {
  const Challenge challenge =
      decode_whole(decode_challenge, golden::bytes("handshake_acceptor_challenge"), true);
  CHECK(challenge.name.full() == "golden@localhost");
  CHECK(challenge.flags.bits() == 0xd07df7fbd);
  CHECK(challenge.creation > 3);
}

TEST_CASE("a BEAM's proofs") {
  decode_whole(decode_challenge_ack, golden::bytes("handshake_acceptor_ack"), false);
  const ChallengeReply reply = decode_whole(
      decode_challenge_reply, golden::bytes("handshake_initiator_challenge_reply"), false);
  // It answers the number that stands beside it.
  CHECK(reply.digest == make_digest(golden::text("cookie"), golden::number("our_challenge")));
}

TEST_CASE("a BEAM's statuses") {
  CHECK(decode_status(golden::bytes("handshake_acceptor_status"))->text == "ok");
  CHECK(decode_status(golden::bytes("handshake_acceptor_alive"))->text == "alive");
  CHECK(decode_status(golden::bytes("handshake_initiator_alive_reply"))->text == "true");
  CHECK(encoded(Status{"ok"}) == golden::bytes("handshake_acceptor_status"));
}

TEST_CASE("a status is a short word") {
  CHECK_FALSE(decode_status(Bytes{'s'}));
  CHECK_FALSE(decode_status(Bytes{'x', 'o', 'k'}));
  CHECK_FALSE(decode_status(Bytes{'s', 'o', 'k', '\n'}));
  Bytes status{'s'};
  status.resize(33, 'o');
  CHECK(decode_status(status));
  status.push_back('o');
  CHECK_FALSE(decode_status(status));
}

TEST_CASE("a name in a message is a node name") {
  for (const char* bad : {"a", "a@", "@b", "a@b@c", ""}) {
    CAPTURE(bad);
    Bytes message{'N', 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 9, 0};
    const std::string name = bad;
    message.push_back(static_cast<std::uint8_t>(name.size()));
    message.insert(message.end(), name.begin(), name.end());
    CHECK(decode_send_name(message).error().code == dist_errc::bad_node_name);
  }
}

TEST_CASE("the longest name fits the limit of a message") {
  const auto longest = NodeName::parse("a@" + std::string(node_name_bytes_max - 2, 'h'));
  REQUIRE(longest);
  const Challenge challenge{hidden_flags, 1, 2, *longest};
  CHECK(encoded(challenge).size() <= handshake_message_bytes_max);
  CHECK(*decode_challenge(encoded(challenge)) == challenge);
}
