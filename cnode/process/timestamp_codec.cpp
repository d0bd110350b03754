#include "cnode/process/timestamp_codec.hpp"

#include "cnode/process/process_error.hpp"
#include "cnode/process/term_append.hpp"

namespace groot::process {
namespace {

constexpr std::string_view struct_name = "Elixir.HLClock.Timestamp";
enum Field : unsigned { struct_field = 1, time_field = 2, counter_field = 4, node_id_field = 8 };
constexpr unsigned all_fields = 15;

}  // namespace

Result<store::Timestamp> read_timestamp(ei_codec::TermReader& reader) {
  const auto bad = [](const char* why) { return Error{process_errc::bad_timestamp, why}; };
  const auto pairs = reader.take_map();
  if (!pairs || *pairs != 4) return bad("no map of four fields");
  store::Timestamp stamp;
  unsigned seen = 0;
  for (std::uint32_t pair = 0; pair < 4; ++pair) {
    if (reader.take_atom("__struct__")) {
      if (!reader.take_atom(struct_name)) return bad("another struct");
      seen |= struct_field;
    } else if (reader.take_atom("counter")) {
      if (!take_counter(reader, stamp.counter)) return bad("counter is not 16 bits");
      seen |= counter_field;
    } else if (reader.take_atom("node_id")) {
      if (!reader.take_uint64(stamp.node_id)) return bad("node_id is not 64 bits");
      seen |= node_id_field;
    } else if (reader.take_atom("time")) {
      if (!take_time_ms(reader, stamp.time_ms)) return bad("time is not 48 bits");
      seen |= time_field;
    } else {
      return bad("an unknown field");
    }
  }
  if (seen != all_fields) return bad("a field twice");
  return stamp;
}

void append_timestamp(const store::Timestamp& stamp, ei_codec::Bytes& out) {
  append_map(out, 4);
  append_atom(out, "__struct__");
  append_atom(out, struct_name);
  append_atom(out, "counter");
  append_unsigned(out, stamp.counter);
  append_atom(out, "node_id");
  append_unsigned(out, stamp.node_id);
  append_atom(out, "time");
  append_unsigned(out, stamp.time_ms);
}

}  // namespace groot::process
