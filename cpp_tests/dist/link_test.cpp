#include "cnode/dist/link.hpp"

#include <algorithm>

#include "cnode/dist/limits.hpp"
#include "cpp_tests/dist/link_peer.hpp"

using namespace groot;
using namespace groot::dist;
using namespace groot::dist::test;

TEST_CASE("handshake and frames come out alike however the stream is cut") {
  Bytes stream = handshake_of_acceptor();
  append(stream, reg_send_frame(samples::hello()));
  append(stream, {0, 0, 0, 0});
  append(stream, reg_send_frame(samples::hello()));
  const std::vector<std::string> expected(
      2, "REG_SEND to name " + std::to_string(samples::hello().size()));

  for (const std::size_t piece : {stream.size(), std::size_t{1}, std::size_t{2}, std::size_t{3}}) {
    CAPTURE(piece);
    auto link = initiator(0);
    Seen seen;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      const std::size_t size = std::min(piece, stream.size() - at);
      feed(*link, ByteView(stream).subspan(at, size), 0, seen);
    }
    CHECK(seen.ups == 1);
    CHECK(seen.frames == expected);
    CHECK_FALSE(seen.closed);
  }
}

TEST_CASE("an acceptor keeps the bytes that come while its owner decides") {
  Bytes stream = message(SendName{beam_flags, 99, name("peer@host")});
  append(stream, message(ChallengeReply{7, make_digest(peer_cookie, our_challenge)}));
  append(stream, reg_send_frame(samples::hello()));
  Link link(identity("us@host"), our_challenge, 0);
  {
    const auto copy = std::make_unique<Bytes>(stream);
    link.feed(*copy, 0);
    REQUIRE(std::holds_alternative<NameReceived>(*link.next_event()));
    CHECK_FALSE(link.next_event());
  }
  CHECK(link.peer().name == name("peer@host"));
  link.answer_name(NameAnswer::ok, peer_cookie, 0);
  CHECK(std::holds_alternative<Up>(*link.next_event()));
  CHECK(std::holds_alternative<FrameReceived>(*link.next_event()));
  CHECK_FALSE(link.next_event());
}

TEST_CASE("each step of the handshake has its own time") {
  auto link = initiator(1'000);
  CHECK(link->next_deadline_ms() == 1'000 + handshake_timeout_ms);
  link->wake(1'000 + handshake_timeout_ms - 1);
  CHECK_FALSE(closing(*link));
  Seen seen;
  feed(*link, message(Status{"ok"}), 7'500, seen);
  CHECK(link->next_deadline_ms() == 7'500 + handshake_timeout_ms);
  // Half a message is no step.
  feed(*link, Bytes{0, 100, 'N'}, 9'000, seen);
  CHECK(link->next_deadline_ms() == 7'500 + handshake_timeout_ms);
  link->wake(7'500 + handshake_timeout_ms);
  CHECK(closing(*link)->code == dist_errc::handshake_timeout);
  CHECK_FALSE(link->next_deadline_ms());
}

TEST_CASE("a handshake message over the limit is refused by its length") {
  for (const bool over : {false, true}) {
    CAPTURE(over);
    const std::size_t size = handshake_message_bytes_max + (over ? 1 : 0);
    Bytes name_message = message(SendName{beam_flags, 99, name("peer@host")});
    name_message.resize(2 + size);  // trailing bytes are to be ignored
    name_message[0] = static_cast<std::uint8_t>(size >> 8);
    name_message[1] = static_cast<std::uint8_t>(size);
    Link link(identity("us@host"), our_challenge, 0);
    Seen seen;
    feed(link, name_message, 0, seen);
    CHECK(seen.closed.has_value() == over);
    if (over) CHECK(seen.closed->code == dist_errc::bad_handshake);
  }
}

TEST_CASE("a peer that speaks TLS is told apart from one that speaks nonsense") {
  const auto reason_for = [](const Bytes& bytes) {
    Link link(identity("us@host"), our_challenge, 0);
    Seen seen;
    feed(link, bytes, 0, seen);
    REQUIRE(seen.closed);
    return seen.closed->text();
  };
  const std::string tls = "TLS";
  const Bytes client_hello = {0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3};
  const Bytes alert = {0x15, 3, 3, 0, 2, 2, 40};
  const Bytes nonsense = {'G', 'E', 'T', ' ', '/'};
  CHECK(reason_for(client_hello).find(tls) != std::string::npos);
  CHECK(reason_for(alert).find(tls) != std::string::npos);
  CHECK(reason_for(nonsense).find(tls) == std::string::npos);
}

TEST_CASE("a closing peer is told apart by when it closes") {
  auto dialed = initiator(0);
  dialed->peer_closed(0);
  CHECK(closing(*dialed)->code == dist_errc::peer_closed);

  auto refused = initiator(0);
  Seen seen;
  Bytes bytes = message(Status{"ok"});
  append(bytes, message(Challenge{beam_flags, 7, 99, name("peer@host")}));
  feed(*refused, bytes, 0, seen);
  refused->peer_closed(0);
  CHECK(closing(*refused)->code == dist_errc::refused_cookie);

  auto up = link_that_is_up(0);
  up->peer_closed(0);
  CHECK(closing(*up)->code == dist_errc::peer_closed);
  CHECK_FALSE(up->is_up());
  up->peer_closed(0);
  CHECK_FALSE(up->next_event());
}

TEST_CASE("a peer that is silent for the tick time and a quarter is given up") {
  auto link = link_that_is_up(0);
  link->wake(74'999);
  CHECK_FALSE(closing(*link));
  Seen seen;
  feed(*link, Bytes{0}, 74'999, seen);  // any byte counts
  link->wake(149'998);
  CHECK_FALSE(closing(*link));
  link->wake(149'999);
  CHECK(closing(*link)->code == dist_errc::tick_timeout);
}

TEST_CASE("breaches after the handshake close the link, and nothing is read behind them") {
  const std::pair<Bytes, dist_errc> cases[] = {
      {{0x40, 0, 0, 1}, dist_errc::frame_too_large},
      {{0xff, 0xff, 0xff, 0xff}, dist_errc::frame_too_large},
      {{0, 0, 0, 6, 112, 131, 104, 1, 97, 5}, dist_errc::bad_frame},
      {{0, 0, 0, 3, 131, 68, 0}, dist_errc::bad_frame},
      {{0, 0, 0, 7, 131, 68, 0, 104, 1, 97, 5}, dist_errc::unknown_operation},
      {{0, 0, 0, 18, 131, 70, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1},
       dist_errc::bad_frame},
  };
  for (const auto& [bytes, code] : cases) {
    const std::size_t bytes_fed = bytes.size();
    CAPTURE(bytes_fed);
    auto link = link_that_is_up(0);
    Bytes stream = bytes;
    append(stream, reg_send_frame(samples::hello()));
    Seen seen;
    feed(*link, stream, 0, seen);
    REQUIRE(seen.closed);
    CHECK(seen.closed->code == code);
    CHECK(seen.frames.empty());
    feed(*link, reg_send_frame(samples::hello()), 0, seen);
    CHECK(seen.frames.empty());
  }
}

TEST_CASE("close is the last event, and the queued output may still be written") {
  auto link = link_that_is_up(0);
  link->send(LinkTo{samples::beam(), samples::peer()}, nullptr);
  link->close({dist_errc::requested, {}});
  link->close({dist_errc::stopping, {}});
  CHECK(link->has_output());
  CHECK(closing(*link)->code == dist_errc::requested);
  CHECK_FALSE(link->next_event());
  link->answer_name(NameAnswer::ok, peer_cookie, 0);
  link->answer_alive(true, 0);
  link->wake(1'000'000);
  CHECK_FALSE(link->next_event());
}
