#include "cpp_tests/bench/full_state.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "cnode/dist/fragment_reader.hpp"
#include "cnode/dist/fragment_writer.hpp"
#include "cnode/dist/frame_reader.hpp"
#include "cnode/dist/limits.hpp"
#include "cnode/io/limits.hpp"
#include "cnode/process/register_codec.hpp"
#include "cnode/process/term_append.hpp"

namespace groot::bench {

using ei_codec::Bytes;
using ei_codec::ByteView;

Bytes full_state(std::uint32_t count) {
  std::vector<store::RegisterPtr> registers;
  registers.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    Bytes key;
    process::append_binary(key, "key_" + std::to_string(100'000 + i));
    Bytes value;
    process::append_unsigned(value, i);
    const store::Timestamp stamp{static_cast<std::uint64_t>(wall_ms) + i % 1'000, 0,
                                 0xfedc'ba98'7654'3210};
    registers.push_back(
        store::Register::make({key, value, stamp, store::RegisterKind::value, std::nullopt}));
  }
  Bytes message;
  process::encode_updates(registers).append_to(message);
  return message;
}

Bytes as_stream(Bytes message) {
  const dist::Control control = dist::RegSend{storage_pid(), "Elixir.Groot.Storage"};
  Bytes tuple;
  dist::encode_control(control, dist::hidden_flags, tuple);
  dist::FragmentWriter writer(1, tuple, std::make_shared<const Bytes>(std::move(message)));
  dist::OutputChunks chunks;
  while (!writer.done()) writer.write(chunks);
  Bytes stream;
  for (const dist::OutputChunk& chunk : chunks.take()) {
    stream.insert(stream.end(), chunk.view().begin(), chunk.view().end());
  }
  return stream;
}

bool receive(ByteView stream, StockPeer& peer) {
  dist::FrameReader reader(4, dist::frame_bytes_max);
  dist::FragmentReader fragments;
  bool received = false;
  while (!stream.empty()) {
    const std::size_t size = std::min(stream.size(), io::read_buffer_bytes);
    reader.feed(stream.first(size));
    stream = stream.subspan(size);
    while (true) {
      const auto body = reader.next();
      if (!body) return false;
      if (!body->has_value()) break;
      const auto terms = fragments.read(**body);
      if (!terms) return false;
      if (!terms->has_value()) continue;
      const auto frame = dist::decode_terms((*terms)->bytes, (*terms)->buffer);
      if (!frame || received) return false;
      peer.deliver(*frame);
      received = true;
    }
  }
  return received;
}

}  // namespace groot::bench
