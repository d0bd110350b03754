// The byte shape that the registers of one sender have in common, and a reader for it.
//
// A node writes every R in the same way: the same atoms in the same encoding, the pairs of a map in
// the same order (which of the possible ones depends on its OTP release and on its atom table). So
// what lies between the five fields of R is the same bytes each time: it is learned from a register
// that the general reader (register_codec) has read, and then compared instead of read.
//
//   t 3 "hlc" t 4 "__struct__" "Elixir.HLClock.Timestamp" "counter" | C | "node_id" | N
//   | "time" | T | "key" | K | "value" | V
//
// Whatever differs is the general reader's; a test proves both equal on the same bytes.
#pragma once

#include <array>

#include "cnode/process/register_codec.hpp"

namespace groot::process {

class RegisterShape {
 public:
  // From a register that read_register accepts. A register of another make (with an extra pair) is
  // not learned from: what was learned before stands.
  void learn(ScannedTerm reg);

  // Reads the register ahead, whose key stands before it in a map as `outer`; consumed when true.
  // The view is what read_register would yield. False: it takes the general reader.
  [[nodiscard]] bool read(TermReader& reader, const TermReader::Outlined& outer,
                          store::RegisterView& reg, Bytes& key_scratch) const;

 private:
  enum class Field : std::uint8_t { counter, node_id, time, key, value };
  struct Step {
    std::size_t begin;  // of the bytes before the field, in fixed_
    std::size_t size;
    Field field;
  };
  static constexpr std::size_t fields = 5;

  [[nodiscard]] ByteView fixed(const Step& step) const {
    return ByteView(fixed_).subspan(step.begin, step.size);
  }

  Bytes fixed_;
  std::array<Step, fields> steps_;
  std::size_t tail_begin_ = 0;  // of the bytes behind the last field
  bool learned_ = false;
};

}  // namespace groot::process
