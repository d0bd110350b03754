#include "cnode/dist/link.hpp"

#include <ostream>

#include <doctest/doctest.h>

#include "cnode/dist/limits.hpp"
#include "cnode/dist/operation.hpp"
#include "cpp_tests/dist/control_samples.hpp"
#include "cpp_tests/dist/wire.hpp"
#include "ei_codec/term_encode.hpp"

using namespace groot;
using namespace groot::dist;
using namespace groot::dist::test;

namespace {

constexpr const char* cookie = "cookie";
constexpr std::uint32_t our_challenge = 5;
const Flags beam_flags(0xd07df7fbd);
const Flags flags_without_fragments(hidden_flags.bits() &
                                    ~static_cast<std::uint64_t>(Flag::fragments));

// What the peer says after our name, up to and with its ack.
Bytes handshake_of_acceptor(Flags flags = beam_flags) {
  Bytes bytes = message(Status{"ok"});
  append(bytes, message(Challenge{flags, 7, 99, name("peer@host")}));
  append(bytes, message(ChallengeAck{make_digest(cookie, our_challenge)}));
  return bytes;
}

Bytes reg_send_frame(const Bytes& message_bytes) {
  Bytes frame;
  encode_frame(RegSend{samples::beam(), "name"}, message_bytes, hidden_flags, frame);
  return frame;
}

struct Seen {
  int ups = 0;
  std::vector<std::string> frames;
  std::optional<Error> closed;
};

// Feeds bytes that die with the call, as a socket's buffer does.
void feed(Link& link, ByteView bytes, std::int64_t now_ms, Seen& seen) {
  const auto copy = std::make_unique<Bytes>(bytes.begin(), bytes.end());
  link.feed(*copy, now_ms);
  while (auto event = link.next_event()) {
    if (std::holds_alternative<Up>(*event)) ++seen.ups;
    if (const auto* frame = std::get_if<FrameReceived>(&*event)) {
      const auto& message_bytes = frame->frame.message;
      seen.frames.push_back(to_text(frame->frame.control) + " " +
                            std::to_string(message_bytes ? message_bytes->size() : 0));
    }
    if (const auto* closed = std::get_if<Closed>(&*event)) seen.closed = closed->reason;
    if (std::holds_alternative<NameReceived>(*event)) {
      link.answer_name(NameAnswer::ok, cookie, now_ms);
    }
  }
}

std::unique_ptr<Link> initiator(std::int64_t now_ms) {
  return std::make_unique<Link>(identity("us@host"), name("peer@host"), cookie, our_challenge,
                                now_ms);
}

std::unique_ptr<Link> link_that_is_up(std::int64_t now_ms, Flags peer_flags = beam_flags) {
  auto link = initiator(now_ms);
  Seen seen;
  feed(*link, handshake_of_acceptor(peer_flags), now_ms, seen);
  REQUIRE(link->is_up());
  link->written(joined(link->take_output()).size(), now_ms);
  REQUIRE(link->backlog_bytes() == 0);
  return link;
}

std::optional<Error> closing(Link& link) {
  while (auto event = link.next_event()) {
    if (const auto* closed = std::get_if<Closed>(&*event)) return closed->reason;
  }
  return std::nullopt;
}

}  // namespace

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
  append(stream, message(ChallengeReply{7, make_digest(cookie, our_challenge)}));
  append(stream, reg_send_frame(samples::hello()));
  Link link(identity("us@host"), our_challenge, 0);
  {
    const auto copy = std::make_unique<Bytes>(stream);
    link.feed(*copy, 0);
    REQUIRE(std::holds_alternative<NameReceived>(*link.next_event()));
    CHECK_FALSE(link.next_event());
  }
  CHECK(link.peer().name == name("peer@host"));
  link.answer_name(NameAnswer::ok, cookie, 0);
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

TEST_CASE("a tick is sent when nothing else was, and only then") {
  auto link = link_that_is_up(0);
  link->wake(14'999);
  CHECK_FALSE(link->has_output());
  link->wake(15'000);
  CHECK(joined(link->take_output()) == Bytes{0, 0, 0, 0});
  CHECK(link->next_deadline_ms() == 30'000);
  // The tick was not written: another one would not be either.
  link->wake(30'000);
  CHECK_FALSE(link->has_output());
  link->written(4, 31'000);
  CHECK(link->next_deadline_ms() == 46'000);
  link->wake(46'000);
  CHECK(joined(link->take_output()) == Bytes{0, 0, 0, 0});
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

TEST_CASE("a peer without FRAGMENTS gets and sends frames without a distribution header") {
  auto link = link_that_is_up(0, flags_without_fragments);
  Bytes frame;
  encode_frame(RegSend{samples::beam(), "name"}, samples::hello(), flags_without_fragments, frame);
  REQUIRE(frame[4] == pass_through);
  Seen seen;
  feed(*link, frame, 0, seen);
  CHECK(seen.frames.size() == 1);

  link->send(RegSend{samples::beam(), "name"}, std::make_shared<const Bytes>(samples::hello()));
  CHECK(joined(link->take_output()) == frame);
  const auto large = std::make_shared<const Bytes>(3 * fragment_bytes, 0);
  link->send(RegSend{samples::beam(), "name"}, large);
  link->send(LinkTo{samples::beam(), samples::peer()}, nullptr);
  Bytes expected;
  encode_frame(RegSend{samples::beam(), "name"}, *large, flags_without_fragments, expected);
  encode_frame(LinkTo{samples::beam(), samples::peer()}, {}, flags_without_fragments, expected);
  CHECK(joined(link->take_output()) == expected);

  feed(*link, reg_send_frame(samples::hello()), 0, seen);
  REQUIRE(seen.closed);
  CHECK(seen.closed->code == dist_errc::bad_frame);
}

TEST_CASE("a large message is one message again, whatever goes ahead of its fragments") {
  const auto large = std::make_shared<const Bytes>(
      ei_codec::encode_term(ei_codec::binary(std::string(20 * fragment_bytes, 'x'))));
  auto sender = link_that_is_up(0);
  auto receiver = link_that_is_up(0);
  Pid other = samples::beam();
  ++other.id;
  sender->send(RegSend{samples::beam(), "large"}, large);
  const std::size_t backlog = sender->backlog_bytes();
  Seen seen;
  std::size_t written = 0;
  for (int part = 0; sender->has_output(); ++part) {
    if (part == 1) {
      sender->send(RegSend{samples::beam(), "behind"}, large);
      sender->send(RegSend{other, "ahead"}, std::make_shared<const Bytes>(samples::hello()));
    }
    const Bytes bytes = joined(sender->take_output());
    CHECK(bytes.size() < 2 * fragments_at_once_bytes);
    written += bytes.size();
    sender->written(bytes.size(), 0);
    feed(*receiver, bytes, 0, seen);
  }
  CHECK(sender->backlog_bytes() == 0);
  CHECK(written > 2 * backlog);
  CHECK_FALSE(seen.closed);
  CHECK(seen.frames ==
        std::vector<std::string>{"REG_SEND to ahead " + std::to_string(samples::hello().size()),
                                 "REG_SEND to large " + std::to_string(large->size()),
                                 "REG_SEND to behind " + std::to_string(large->size())});
}

TEST_CASE("a tick goes ahead of the fragments that a slow reader has not taken yet") {
  auto link = link_that_is_up(0);
  const auto large = std::make_shared<const Bytes>(10 * fragment_bytes, 0);
  link->send(RegSend{samples::beam(), "name"}, large);
  const std::size_t taken = joined(link->take_output()).size();
  link->written(taken - 1, 1'000);
  link->wake(15'999);
  link->wake(16'000);
  link->wake(31'000);  // none behind the one that waits
  const Bytes next = joined(link->take_output());
  CHECK(Bytes(next.begin(), next.begin() + 4) == Bytes{0, 0, 0, 0});
  CHECK(Bytes(next.begin() + 4, next.begin() + 8) != Bytes{0, 0, 0, 0});
}

TEST_CASE("a link that ends gives all it has to say at once") {
  auto link = link_that_is_up(0);
  const auto large = std::make_shared<const Bytes>(20 * fragment_bytes, 0);
  link->send(RegSend{samples::beam(), "name"}, large);
  CHECK(joined(link->take_last_output()).size() == link->backlog_bytes());
  CHECK_FALSE(link->has_output());
}

TEST_CASE("small messages share a chunk, a large one is written from where it is") {
  auto link = link_that_is_up(0);
  const auto small = std::make_shared<const Bytes>(
      ei_codec::encode_term(ei_codec::binary(std::string(copied_message_bytes_max - 5, 'x'))));
  const auto large = std::make_shared<const Bytes>(
      ei_codec::encode_term(ei_codec::binary(std::string(copied_message_bytes_max - 4, 'x'))));
  REQUIRE(small->size() == copied_message_bytes_max);
  const RegSend control{samples::beam(), "name"};
  link->send(control, small);
  link->send(control, small);
  link->send(control, large);
  link->send(LinkTo{samples::beam(), samples::peer()}, nullptr);
  const std::vector<OutputChunk> chunks = link->take_output();
  REQUIRE(chunks.size() == 3);
  CHECK(chunks[1].view().data() == large->data());
  CHECK_FALSE(link->has_output());

  Bytes expected = reg_send_frame(*small);
  append(expected, reg_send_frame(*small));
  append(expected, reg_send_frame(*large));
  encode_frame(LinkTo{samples::beam(), samples::peer()}, {}, hidden_flags, expected);
  CHECK(joined(chunks) == expected);
  CHECK(link->backlog_bytes() == expected.size());
  link->written(expected.size(), 0);
  CHECK(link->backlog_bytes() == 0);
}

TEST_CASE("chunks do not grow without end") {
  auto link = link_that_is_up(0);
  const auto message_bytes = std::make_shared<const Bytes>(samples::hello());
  for (int i = 0; i < 10'000; ++i) link->send(RegSend{samples::beam(), "name"}, message_bytes);
  for (const OutputChunk& chunk : link->take_output()) {
    CHECK(chunk.view().size() <= output_chunk_bytes + 1'000);
  }
}

TEST_CASE("a peer that does not read is given up at the limit of its backlog") {
  const RegSend control{samples::beam(), "name"};
  auto link = link_that_is_up(0, flags_without_fragments);
  Bytes head;
  encode_frame_head(control, 1, flags_without_fragments, head);
  const auto exactly = std::make_shared<const Bytes>(backlog_bytes_max_default - head.size(), 0);
  link->send(control, exactly);
  CHECK(link->backlog_bytes() == backlog_bytes_max_default);
  CHECK(link->is_up());
  (void)link->take_output();  // taken is not written
  link->send(LinkTo{samples::beam(), samples::peer()}, nullptr);
  CHECK_FALSE(link->is_up());
  CHECK_FALSE(link->has_output());
  CHECK(closing(*link)->code == dist_errc::backlog_full);
}

TEST_CASE("fragments count as they are written, up to the limit that the node has chosen") {
  const RegSend control{samples::beam(), "name"};
  const auto large = std::make_shared<const Bytes>(3 * fragment_bytes, 0);
  auto measured = link_that_is_up(0);
  measured->send(control, large);
  const std::size_t bytes = measured->backlog_bytes();
  CHECK(joined(measured->take_output()).size() == bytes);
  for (const bool over : {false, true}) {
    CAPTURE(over);
    Identity self = identity("us@host");
    self.backlog_bytes_max = over ? bytes - 1 : bytes;
    Link link(self, name("peer@host"), cookie, our_challenge, 0);
    Seen seen;
    feed(link, handshake_of_acceptor(), 0, seen);
    link.written(joined(link.take_output()).size(), 0);
    link.send(control, large);
    CHECK(link.is_up() != over);
    CHECK(link.has_output() != over);
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
  link->answer_name(NameAnswer::ok, cookie, 0);
  link->answer_alive(true, 0);
  link->wake(1'000'000);
  CHECK_FALSE(link->next_event());
}
