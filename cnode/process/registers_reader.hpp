// Reads #{Key => R}, a few registers at a time: a batch is merged faster than its registers one by
// one.
#pragma once

#include <array>
#include <span>

#include "cnode/process/register_codec.hpp"
#include "cnode/process/register_shape.hpp"
#include "store/limits.hpp"

namespace groot::process {

class RegistersReader {
 public:
  // `reader` is behind the header of a map of `count` pairs.
  RegistersReader(TermReader reader, std::uint32_t count) : reader_(reader), left_(count) {}

  // How many are still to come, as far as the bytes that are left can hold so many.
  [[nodiscard]] std::size_t left() const;

  // The next ones, at most store::merge_batch_max; none at the end. Valid until the next call.
  // Malformed registers are left out and counted.
  [[nodiscard]] std::span<const store::RegisterView> next();

  [[nodiscard]] std::uint32_t malformed() const { return malformed_; }
  // Of the first malformed one.
  [[nodiscard]] const Error& first_error() const { return first_error_; }

 private:
  bool read_one(store::RegisterView& reg, Bytes& key_scratch);

  TermReader reader_;
  std::uint32_t left_;
  RegisterShape shape_;
  std::array<store::RegisterView, store::merge_batch_max> batch_;
  std::array<Bytes, store::merge_batch_max> key_scratch_;
  std::uint32_t malformed_ = 0;
  Error first_error_;
};

}  // namespace groot::process
