#include "cnode/io/tcp_link.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/buffer.hpp>

#include "cnode/io/limits.hpp"

namespace groot::io {

namespace {

// writev takes that many pieces at once through Asio.
constexpr std::size_t pieces_per_write_max = 64;

}  // namespace

TcpLink::TcpLink(LinkId id, tcp::socket socket, LinkOwner& owner,
                 std::span<std::uint8_t> read_buffer)
    : id_(id), socket_(std::move(socket)), owner_(owner), read_buffer_(read_buffer) {}

void TcpLink::start() {
  // Failures of these show as failures of the first read.
  AsioError ignored;
  set_close_on_exec(socket_.native_handle());
  socket_.non_blocking(true, ignored);
  socket_.set_option(tcp::no_delay(true), ignored);
  wait_readable();
}

void TcpLink::wait_readable() {
  socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](const AsioError& error) {
    if (!self->socket_.is_open()) return;
    self->go_on([&] {
      if (error) return self->close();
      self->read_turn();
    });
    self->owner_.turn_over();
  });
}

template <class Step>
void TcpLink::go_on(Step&& step) {
  try {
    step();
  } catch (...) {
    // Nothing would read or write it any more.
    close();
    throw;
  }
}

void TcpLink::read_turn() {
  for (int round = 0; round < reads_per_turn_max; ++round) {
    AsioError error;
    const std::size_t count =
        socket_.read_some(asio::buffer(read_buffer_.data(), read_buffer_.size()), error);
    if (error == asio::error::would_block) break;
    if (error) return close();
    if (!closing_) owner_.received(id_, read_buffer_.first(count));
    if (!socket_.is_open()) return;
    if (count < read_buffer_.size()) break;
  }
  wait_readable();
}

template <class Write>
auto TcpLink::write_some(Write&& write) {
  const auto pieces = batch_.pieces();
  if (pieces.size() == 1) return write(asio::buffer(pieces[0].data(), pieces[0].size()));
  std::vector<asio::const_buffer> buffers;
  buffers.reserve(std::min(pieces.size(), pieces_per_write_max));
  for (const ByteView piece : pieces.first(std::min(pieces.size(), pieces_per_write_max))) {
    buffers.emplace_back(piece.data(), piece.size());
  }
  return write(buffers);
}

void TcpLink::flush() {
  if (writing_ || shut_down_ || !socket_.is_open()) return;
  go_on([this] { write_some_now(); });
}

void TcpLink::write_some_now() {
  load();
  if (batch_.empty()) return finish_writing();
  // Nearly always the socket has room, and a write that is done when it returns costs half of one
  // whose end is told later.
  AsioError error;
  const std::size_t count =
      write_some([&](const auto& buffers) { return socket_.write_some(buffers, error); });
  // A write that fails is tried again with the rest, where the owner expects to hear of it.
  if (!error) written(count);
  write_rest();
}

void TcpLink::load() {
  batch_.load(owner_.take_output(id_, batch_.take_emptied()));
}

void TcpLink::written(std::size_t bytes) {
  batch_.consume(bytes);
  const bool more = owner_.written(id_, bytes);
  if (more && batch_.empty()) load();
}

void TcpLink::write_rest() {
  if (batch_.empty()) return finish_writing();
  writing_ = true;
  const auto done = [self = shared_from_this()](const AsioError& error, std::size_t count) {
    self->writing_ = false;
    if (!self->socket_.is_open()) return;
    self->go_on([&] {
      if (error) return self->close();
      self->written(count);
      self->write_rest();
    });
    // What is written leads to nothing else, and a turn looks at all links.
    if (!self->socket_.is_open()) self->owner_.turn_over();
  };
  write_some([&](const auto& buffers) { socket_.async_write_some(buffers, done); });
}

void TcpLink::finish_writing() {
  if (!closing_) return;
  shut_down_ = true;
  AsioError error;
  socket_.shutdown(tcp::socket::shutdown_send, error);
  // The peer is gone already: there is no close of its own to wait for.
  if (error) close();
}

void TcpLink::close_when_written() {
  if (closing_ || !socket_.is_open()) return;
  closing_ = true;
  flush();
}

void TcpLink::close() {
  if (!socket_.is_open()) return;
  AsioError ignored;
  socket_.close(ignored);
  owner_.closed(id_);
}

}  // namespace groot::io
