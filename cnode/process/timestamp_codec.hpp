// H, a hybrid clock stamp on the wire (groot-protocol section 2; frozen):
//
//   #{'__struct__' => 'Elixir.HLClock.Timestamp', time => 48 bits, counter => 16, node_id => 64}
#pragma once

#include <cstdint>
#include <limits>

#include "ei_codec/result.hpp"
#include "ei_codec/term_reader.hpp"
#include "store/timestamp.hpp"

namespace groot::process {

// Consumes one term. Pairs may come in any order. Errors: bad_timestamp; the reader is then
// somewhere inside the term.
[[nodiscard]] Result<store::Timestamp> read_timestamp(ei_codec::TermReader& reader);

// Fields of it. False when the next term is not one; the reader may then be behind that term.
[[nodiscard]] inline bool take_counter(ei_codec::TermReader& reader, std::uint16_t& counter) {
  std::uint64_t value = 0;
  if (!reader.take_uint64(value) || value > std::numeric_limits<std::uint16_t>::max()) return false;
  counter = static_cast<std::uint16_t>(value);
  return true;
}
[[nodiscard]] inline bool take_time_ms(ei_codec::TermReader& reader, std::uint64_t& time_ms) {
  return reader.take_uint64(time_ms) && time_ms <= store::time_ms_max;
}

void append_timestamp(const store::Timestamp& stamp, ei_codec::Bytes& out);

}  // namespace groot::process
