// One connected socket of one link: reads whenever there is something to read, writes at once what
// the socket takes and has at most one write of the rest under way, and closes in an orderly way.
// What the bytes mean is its owner's business.
//
// What the owner throws closes the link and is passed on.
//
// Network thread only. Kept alive by its owner and by its own operations under way.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cnode/dist/link.hpp"
#include "cnode/io/asio_support.hpp"
#include "cnode/io/write_batch.hpp"

namespace groot::io {

using dist::LinkId;

// Who owns the links. Any of these may close the link that calls.
class LinkOwner {
 public:
  virtual void received(LinkId link, ByteView bytes) = 0;
  [[nodiscard]] virtual std::vector<dist::OutputChunk> take_output(
      LinkId link, std::vector<dist::OutputChunk> emptied) = 0;
  // True when there is more for take_output.
  [[nodiscard]] virtual bool written(LinkId link, std::size_t bytes) = 0;
  // The socket is closed, by the peer or by us: the last call about this link.
  virtual void closed(LinkId link) = 0;
  // Follows one or more of the above: time to write what they led to.
  virtual void turn_over() = 0;

 protected:
  ~LinkOwner() = default;
};

class TcpLink : public std::enable_shared_from_this<TcpLink> {
 public:
  // `read_buffer` is lent to each link for the length of one read.
  TcpLink(LinkId id, tcp::socket socket, LinkOwner& owner, std::span<std::uint8_t> read_buffer);
  TcpLink(const TcpLink&) = delete;
  TcpLink& operator=(const TcpLink&) = delete;

  // Reads until closed.
  void start();
  // Writes what the owner has for this link, now or when the write under way is done. That a write
  // fails the owner hears later, not from in here.
  void flush();
  // Ends the link: what is queued is written, then the peer is told, then its own close awaited;
  // what still arrives is thrown away.
  void close_when_written();
  // At once. The owner hears closed.
  void close();

 private:
  void wait_readable();
  void read_turn();
  // A step that must not be left half done: whatever throws in it closes the link.
  template <class Step>
  void go_on(Step&& step);
  // Hands bytes of the batch, which holds some, to one write; returns what that returns.
  template <class Write>
  auto write_some(Write&& write);
  void load();
  void written(std::size_t bytes);
  void write_some_now();
  void write_rest();
  void finish_writing();

  LinkId id_;
  tcp::socket socket_;
  LinkOwner& owner_;
  std::span<std::uint8_t> read_buffer_;
  WriteBatch batch_;
  bool writing_ = false;
  bool closing_ = false;    // close_when_written was called
  bool shut_down_ = false;  // and all is written
};

}  // namespace groot::io
