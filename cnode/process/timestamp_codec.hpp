// H, a hybrid clock stamp on the wire (groot-protocol section 2; frozen):
//
//   #{'__struct__' => 'Elixir.HLClock.Timestamp', time => 48 bits, counter => 16, node_id => 64}
#pragma once

#include <limits>
#include <optional>

#include "ei_codec/result.hpp"
#include "ei_codec/term_reader.hpp"
#include "store/timestamp.hpp"

namespace groot::process {

// Consumes one term. Pairs may come in any order. Errors: bad_timestamp; the reader is then
// somewhere inside the term.
[[nodiscard]] Result<store::Timestamp> read_timestamp(ei_codec::TermReader& reader);

// Fields of it. None when the next term is not one; the reader may then be behind that term.
[[nodiscard]] inline std::optional<std::uint16_t> take_counter(ei_codec::TermReader& reader) {
  const auto counter = reader.take_uint64();
  if (!counter || *counter > std::numeric_limits<std::uint16_t>::max()) return std::nullopt;
  return static_cast<std::uint16_t>(*counter);
}
[[nodiscard]] inline std::optional<std::uint64_t> take_time_ms(ei_codec::TermReader& reader) {
  const auto time = reader.take_uint64();
  return time && *time <= store::time_ms_max ? time : std::nullopt;
}

void append_timestamp(const store::Timestamp& stamp, ei_codec::Bytes& out);

}  // namespace groot::process
