// H, a hybrid clock stamp on the wire (groot-protocol section 2; frozen):
//
//   #{'__struct__' => 'Elixir.HLClock.Timestamp', time => 48 bits, counter => 16, node_id => 64}
#pragma once

#include "ei_codec/result.hpp"
#include "ei_codec/term_reader.hpp"
#include "store/timestamp.hpp"

namespace groot::process {

// Consumes one term. Pairs may come in any order. Errors: bad_timestamp; the reader is then
// somewhere inside the term.
[[nodiscard]] Result<store::Timestamp> read_timestamp(ei_codec::TermReader& reader);

void append_timestamp(const store::Timestamp& stamp, ei_codec::Bytes& out);

}  // namespace groot::process
