// A full state as a stock node sends it, and all that becomes of it.
#pragma once

#include "cpp_tests/bench/stock_peer.hpp"

namespace groot::bench {

// {'$gen_cast', {update_registers, #{<<"key_123456">> => R}}}, a small value each.
[[nodiscard]] ei_codec::Bytes full_state(std::uint32_t count);

// The message to the storage process in fragments, as a BEAM sends what is large.
[[nodiscard]] ei_codec::Bytes as_stream(ei_codec::Bytes message);

// The bytes as the socket yields them, to the last action that the router asks for. False when they
// are not exactly one message.
[[nodiscard]] bool receive(ei_codec::ByteView stream, StockPeer& peer);

}  // namespace groot::bench
