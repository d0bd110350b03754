// What a link says and when: ticks, chunks, fragments, and its bound.
#include "cnode/dist/limits.hpp"
#include "cnode/dist/link.hpp"
#include "cnode/dist/operation.hpp"
#include "cpp_tests/dist/link_peer.hpp"
#include "ei_codec/term_encode.hpp"

using namespace groot;
using namespace groot::dist;
using namespace groot::dist::test;

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

TEST_CASE("a broadcast is encoded once for all links with the same flags") {
  const Control control = RegSend{samples::beam(), "name"};
  const auto message = std::make_shared<const Bytes>(samples::hello());
  Broadcast broadcast(control, message);
  auto one = link_that_is_up(0);
  auto two = link_that_is_up(0);
  auto without = link_that_is_up(0, flags_without_fragments);
  for (Link* link : {one.get(), two.get(), without.get()}) link->send(broadcast);
  CHECK(one->backlog_bytes() == reg_send_frame(*message).size());
  const auto first = one->take_output();
  const auto second = two->take_output();
  REQUIRE(first.size() == 1);
  REQUIRE(second.size() == 1);
  CHECK(joined(first) == reg_send_frame(*message));
  CHECK(first[0].view().data() == second[0].view().data());
  Bytes frame;
  encode_frame(control, *message, flags_without_fragments, frame);
  CHECK(joined(without->take_output()) == frame);
}

TEST_CASE("broadcasts that wait together share a chunk, a large one is written from where it is") {
  const Control control = RegSend{samples::beam(), "name"};
  const auto small = std::make_shared<const Bytes>(samples::hello());
  const auto large = std::make_shared<const Bytes>(
      ei_codec::encode_term(ei_codec::binary(std::string(copied_message_bytes_max, 'x'))));
  auto link = link_that_is_up(0);
  Bytes expected;
  for (const SharedBytes& message : {small, small, large}) {
    Broadcast broadcast(control, message);
    link->send(broadcast);
    append(expected, reg_send_frame(*message));
  }
  const auto chunks = link->take_output();
  REQUIRE(chunks.size() == 2);
  CHECK(chunks[1].view().data() == large->data());
  CHECK(joined(chunks) == expected);
  CHECK(link->backlog_bytes() == expected.size());
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
    Link link(self, name("peer@host"), peer_cookie, our_challenge, 0);
    Seen seen;
    feed(link, handshake_of_acceptor(), 0, seen);
    link.written(joined(link.take_output()).size(), 0);
    link.send(control, large);
    CHECK(link.is_up() != over);
    CHECK(link.has_output() != over);
  }
}

TEST_CASE("a message that no backlog can hold ends the link, before it is framed") {
  auto link = link_that_is_up(0);
  const auto larger = std::make_shared<const Bytes>(backlog_bytes_max_default + 1, 0);
  link->send(LinkTo{samples::beam(), samples::peer()}, nullptr);
  link->send(RegSend{samples::beam(), "name"}, larger);
  CHECK_FALSE(link->is_up());
  CHECK_FALSE(link->has_output());
  CHECK(closing(*link)->code == dist_errc::backlog_full);
}
