#include "cnode/io/tcp_link.hpp"

#include <numeric>
#include <string>

#include <doctest/doctest.h>

#include "cpp_tests/io/fake_epmd.hpp"

namespace asio = boost::asio;
using groot::dist::OutputChunk;
using groot::ei_codec::Bytes;
using groot::ei_codec::ByteView;
using groot::io::AsioError;
using groot::io::LinkId;
using groot::io::LinkOwner;
using groot::io::run_until;
using groot::io::tcp;
using groot::io::TcpLink;

namespace {

struct Owner final : LinkOwner {
  void received(LinkId, ByteView bytes) override {
    if (throws) throw std::bad_alloc();
    in.insert(in.end(), bytes.begin(), bytes.end());
  }
  std::vector<OutputChunk> take_output(LinkId, std::vector<OutputChunk> emptied) override {
    CHECK(emptied.empty());
    const auto count = in_parts && !out.empty() ? 1 : static_cast<std::ptrdiff_t>(out.size());
    std::vector<OutputChunk> taken(std::make_move_iterator(out.begin()),
                                   std::make_move_iterator(out.begin() + count));
    out.erase(out.begin(), out.begin() + count);
    return taken;
  }
  bool written(LinkId, std::size_t bytes) override {
    written_bytes += bytes;
    return !out.empty();
  }
  void closed(LinkId) override { ++closed_calls; }
  void turn_over() override { ++turns; }

  void queue(Bytes bytes) { out.push_back({.owned = std::move(bytes), .shared = nullptr}); }

  Bytes in;
  std::vector<OutputChunk> out;
  bool throws = false;
  bool in_parts = false;  // gives one chunk at a time
  std::size_t written_bytes = 0;
  int closed_calls = 0;
  int turns = 0;
};

Bytes pattern(std::size_t size) {
  Bytes bytes(size);
  std::iota(bytes.begin(), bytes.end(), std::uint8_t{0});
  return bytes;
}

// A link, and the socket at its other end.
struct Pair {
  explicit Pair(std::size_t buffer_size = 4096) : peer(context), buffer(buffer_size) {
    tcp::acceptor acceptor(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    tcp::socket socket(context);
    peer.connect(acceptor.local_endpoint());
    acceptor.accept(socket);
    LinkOwner& link_owner = owner;
    link = std::make_shared<TcpLink>(7, std::move(socket), link_owner, buffer);
    link->start();
  }

  // Reads at the peer's end until `size` bytes or the end are there.
  Bytes peer_reads(std::size_t size) {
    Bytes received;
    peer.non_blocking(true);
    CHECK(run_until(context, [&] {
      for (AsioError error; !error;) {
        Bytes piece(65536);
        const auto count = peer.read_some(asio::buffer(piece), error);
        received.insert(received.end(), piece.begin(),
                        piece.begin() + static_cast<std::ptrdiff_t>(count));
        peer_ended = error == asio::error::eof;
      }
      return received.size() >= size || peer_ended;
    }));
    return received;
  }

  asio::io_context context;
  tcp::socket peer;
  std::vector<std::uint8_t> buffer;
  Owner owner;
  std::shared_ptr<TcpLink> link;
  bool peer_ended = false;
};

}  // namespace

TEST_CASE("what the owner throws while it reads closes the link, and is passed on") {
  Pair pair;
  pair.owner.throws = true;
  asio::write(pair.peer, asio::buffer("x", 1));
  CHECK_THROWS_AS((void)run_until(pair.context, [&] { return pair.owner.closed_calls > 0; }),
                  std::bad_alloc);
  CHECK(pair.owner.closed_calls == 1);
}

TEST_CASE("what the peer writes arrives whole, however small the buffer") {
  const Bytes sent = pattern(10'000);
  for (const std::size_t buffer_size : {std::size_t{1}, std::size_t{7}, std::size_t{65536}}) {
    CAPTURE(buffer_size);
    Pair pair(buffer_size);
    asio::write(pair.peer, asio::buffer(sent));
    REQUIRE(run_until(pair.context, [&] { return pair.owner.in.size() == sent.size(); }));
    CHECK(pair.owner.in == sent);
    CHECK(pair.owner.turns > 0);
    CHECK(pair.owner.closed_calls == 0);
  }
}

TEST_CASE("many chunks and more than the socket holds are written in order") {
  Pair pair;
  Bytes expected;
  for (std::size_t i = 0; i < 200; ++i) {
    Bytes chunk = pattern(i % 3 == 0 ? 100'000 : i);
    expected.insert(expected.end(), chunk.begin(), chunk.end());
    pair.owner.queue(std::move(chunk));
  }
  pair.link->flush();
  CHECK(pair.peer_reads(expected.size()) == expected);
  CHECK(run_until(pair.context, [&] { return pair.owner.written_bytes == expected.size(); }));
}

TEST_CASE("what the socket has room for is written when flush returns") {
  Pair pair;
  pair.owner.queue(Bytes{1, 2});
  pair.owner.queue(Bytes{3});
  pair.link->flush();
  CHECK(pair.owner.written_bytes == 3);
  CHECK(pair.peer_reads(3) == Bytes{1, 2, 3});
}

TEST_CASE("what the owner gives in parts is written to its end") {
  Pair pair;
  pair.owner.in_parts = true;
  Bytes expected;
  for (const int size : {1'000, 2'000'000, 3, 2'000'000}) {
    const Bytes part = pattern(static_cast<std::size_t>(size));
    expected.insert(expected.end(), part.begin(), part.end());
    pair.owner.queue(part);
  }
  pair.link->flush();
  // No more than one part without the others having had a turn.
  CHECK(pair.owner.written_bytes == 1'000);
  CHECK(pair.peer_reads(expected.size()) == expected);
}

TEST_CASE("a write that fails ends the link once, and not within flush") {
  Pair pair;
  // With a reset.
  pair.peer.set_option(asio::socket_base::linger(true, 0));
  pair.peer.close();
  pair.owner.queue(Bytes{1});
  pair.link->flush();
  CHECK(pair.owner.closed_calls == 0);
  REQUIRE(run_until(pair.context, [&] { return pair.owner.closed_calls > 0; }));
  pair.context.poll();
  CHECK(pair.owner.closed_calls == 1);
  CHECK(pair.owner.turns > 0);
  CHECK(pair.owner.written_bytes == 0);
}

TEST_CASE("output that comes during a write follows it") {
  Pair pair;
  const Bytes large = pattern(20'000'000);
  pair.owner.queue(large);
  pair.link->flush();
  pair.owner.queue(Bytes{1, 2, 3});
  pair.link->flush();
  const Bytes received = pair.peer_reads(large.size() + 3);
  REQUIRE(received.size() == large.size() + 3);
  CHECK(Bytes(received.end() - 3, received.end()) == Bytes{1, 2, 3});
}

TEST_CASE("the peer's close ends the link once") {
  Pair pair;
  asio::write(pair.peer, asio::buffer(Bytes{9, 8}));
  pair.peer.close();
  REQUIRE(run_until(pair.context, [&] { return pair.owner.closed_calls > 0; }));
  CHECK(pair.owner.in == Bytes{9, 8});
  pair.link->close();
  pair.link->flush();
  CHECK(pair.owner.closed_calls == 1);
}

TEST_CASE("a link that is ended delivers what is queued, then waits for the peer's end") {
  Pair pair;
  const Bytes last_words = pattern(5'000'000);
  pair.owner.queue(last_words);
  pair.link->close_when_written();
  // Still arriving, and of no interest any more.
  asio::write(pair.peer, asio::buffer(Bytes{1, 2, 3}));
  const Bytes received = pair.peer_reads(last_words.size() + 1);
  CHECK(received == last_words);
  CHECK(pair.peer_ended);
  CHECK(pair.owner.closed_calls == 0);
  pair.peer.close();
  REQUIRE(run_until(pair.context, [&] { return pair.owner.closed_calls > 0; }));
  CHECK(pair.owner.in.empty());
}

TEST_CASE("a link closed at once calls back at once, and never again") {
  Pair pair;
  pair.link->close();
  CHECK(pair.owner.closed_calls == 1);
  pair.peer_reads(1);
  CHECK(pair.peer_ended);
  CHECK(pair.owner.closed_calls == 1);
}
