// What one link has to say, and in which order.
//
// A message over fragment_bytes goes in fragments where the peer knows them (FRAGMENTS), so that it
// keeps nobody waiting: ticks and the messages of other processes go ahead of the fragments that
// are left, and large messages of several processes take turns. Erlang promises that the signals of
// one process reach another in the order in which they were sent. Here that holds for all signals
// of one process on the link: what it sends behind a large message of its own waits until that has
// gone. Whoever does not want to be kept waiting sends the large one from another process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <utility>
#include <variant>
#include <vector>

#include "cnode/dist/broadcast.hpp"
#include "cnode/dist/control.hpp"
#include "cnode/dist/fragment_writer.hpp"
#include "cnode/dist/output_chunks.hpp"

namespace groot::dist {

class OutputQueue {
 public:
  // Bytes that depend on nothing and wait for nothing but what is written whole: the handshake,
  // ticks.
  void append(ByteView bytes);
  // Queues a message. Returns the bytes that it adds, headers included.
  std::size_t send(const Control& control, SharedMessage message, Flags negotiated);
  std::size_t send(Broadcast& broadcast, Flags negotiated);

  [[nodiscard]] bool empty() const { return ready_.empty() && lanes_.empty(); }
  // True when there are fragments, and nothing that goes ahead of them.
  [[nodiscard]] bool only_fragments() const { return ready_.empty() && !lanes_.empty(); }
  void clear();

  // What is to be written next: all that waits for no fragment, then at least one fragment and
  // about that many bytes of them. Ask again when it is written.
  [[nodiscard]] std::vector<OutputChunk> take(std::size_t fragments_bytes,
                                              std::vector<OutputChunk> emptied = {});

 private:
  // A process of this node: id and serial of its pid. {0, 0} stands for signals that have none.
  using Sender = std::pair<std::uint32_t, std::uint32_t>;
  struct WholeFrame {
    Bytes head;
    SharedMessage message;
  };
  // A large message, and all that its sender has sent since.
  using Lane = std::deque<std::variant<FragmentWriter, WholeFrame>>;

  [[nodiscard]] static Sender sender_of(const Control& control);
  // Writes one fragment of the lane, and what need not wait any more. Returns the bytes.
  std::size_t write_turn(Lane& lane, OutputChunks& out);

  OutputChunks ready_;
  std::map<Sender, Lane> lanes_;  // none is empty
  std::deque<Sender> turns_;      // of the lanes, whose is next first
  std::uint64_t sequences_ = 0;
};

}  // namespace groot::dist
