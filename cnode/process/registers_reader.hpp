// Reads #{Key => R}, a few registers at a time: a batch is merged faster than its registers one by
// one.
#pragma once

#include <array>
#include <functional>
#include <span>

#include "cnode/process/register_codec.hpp"
#include "cnode/process/register_shape.hpp"
#include "store/limits.hpp"
#include "store/repeated_pairs.hpp"

namespace groot::process {

class RegistersReader {
 public:
  // Of the pairs ahead, at most `count_max`, the first of them at `place`: those that need not be
  // read, as with Replica::merge_repeated.
  using Repeated =
      std::function<store::Repeated(ByteView ahead, std::size_t place, std::size_t count_max)>;

  // `reader` is behind the header of a map of `count` pairs.
  RegistersReader(TermReader reader, std::uint32_t count, Repeated repeated = {})
      : reader_(reader), left_(count), repeated_(std::move(repeated)) {}

  // How many are still to come, as far as the bytes that are left can hold so many.
  [[nodiscard]] std::size_t left() const;

  // The next ones, at most store::merge_batch_max; none at the end. Valid until the next call.
  // Malformed registers are left out and counted.
  [[nodiscard]] std::span<const store::RegisterView> next();
  // What those came as, for whoever asked for `repeated`.
  [[nodiscard]] std::span<const store::ShownPair> pairs() const {
    return std::span(pairs_).first(size_);
  }

  [[nodiscard]] std::uint32_t malformed() const { return malformed_; }
  // Of the first malformed one.
  [[nodiscard]] const Error& first_error() const { return first_error_; }

 private:
  void pass_over_repeated();
  bool read_one(store::RegisterView& reg, Bytes& key_scratch);

  TermReader reader_;
  std::uint32_t left_;
  Repeated repeated_;
  std::size_t place_ = 0;  // of the pair ahead
  RegisterShape shape_;
  std::size_t size_ = 0;
  std::array<store::RegisterView, store::merge_batch_max> batch_;
  std::array<store::ShownPair, store::merge_batch_max> pairs_;
  std::array<Bytes, store::merge_batch_max> key_scratch_;
  std::uint32_t malformed_ = 0;
  Error first_error_;
};

}  // namespace groot::process
