// OTP's own binary_to_term, asked over pipes: what the gate must agree with.
#pragma once

#include <cstddef>
#include <cstdio>
#include <optional>
#include <sys/types.h>

#include "ei_codec/bytes.hpp"

namespace groot::ei_codec {

class BinaryToTerm {
 public:
  // Starts a BEAM. Throws when it cannot.
  BinaryToTerm();
  ~BinaryToTerm();
  BinaryToTerm(const BinaryToTerm&) = delete;
  BinaryToTerm& operator=(const BinaryToTerm&) = delete;

  // Bytes used of a term without its version byte; nothing: refused. Throws when the BEAM is gone:
  // it crashes of some funs.
  [[nodiscard]] std::optional<std::size_t> used(ByteView bytes);

 private:
  pid_t beam_ = -1;
  std::FILE* to_ = nullptr;
  std::FILE* from_ = nullptr;
};

}  // namespace groot::ei_codec
