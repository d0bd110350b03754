// What the pairs of a large map have in common, for the gate. Most maps that are large hold things
// of one make: around a few integers and binaries each pair has the same atoms and headers as the
// one before, to the byte. These are compared instead of scanned.
//
// That proves as much as a scan. What is compared are whole tokens (headers of containers, terms
// that hold no other) of a pair that was scanned, and between them stand whole leaves where such
// stood there: so the pair is as well formed as that one, holds as many terms, and is no deeper.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "ei_codec/bytes.hpp"
#include "ei_codec/term_tags.hpp"

namespace groot::ei_codec {

class PairShape {
 public:
  // ---- of the pair that is scanned, each token in its turn ----

  void begin(const std::uint8_t* at) {
    leaves_ = 0;
    after_leaf_ = at;
    usable_ = true;
  }
  void token(const std::uint8_t* from, const std::uint8_t* to) {
    switch (*from) {
      case tag::small_integer:
      case tag::integer:
      case tag::small_big:
      case tag::binary:
        if (leaves_ == leaves_max) return;
        fixed_[leaves_++] = between(after_leaf_, from);
        after_leaf_ = to;
        return;
      case tag::new_fun:
        usable_ = false;  // it says how long it is with all that is in it
        return;
      default:
        return;
    }
  }
  // `terms`: in the pair.
  void end(const std::uint8_t* at, std::size_t terms) {
    tail_ = between(after_leaf_, at);
    terms_ = terms;
  }

  // ---- of another ----

  // Where the pair at `at` ends, when it is of this shape; else null.
  [[nodiscard]] const std::uint8_t* pass(const std::uint8_t* at, const std::uint8_t* end) const {
    if (!usable_) return nullptr;
    for (std::size_t i = 0; i < leaves_; ++i) {
      if (!pass_fixed(fixed_[i], at, end) || !pass_leaf(at, end)) return nullptr;
    }
    return pass_fixed(tail_, at, end) ? at : nullptr;
  }
  [[nodiscard]] std::size_t terms() const { return terms_; }

 private:
  static constexpr std::size_t leaves_max = 16;

  struct Fixed {  // as ByteView, but not cleared for each term that is scanned
    const std::uint8_t* at;
    std::size_t size;
  };

  static Fixed between(const std::uint8_t* from, const std::uint8_t* to) {
    return {from, static_cast<std::size_t>(to - from)};
  }
  static bool pass_fixed(const Fixed& fixed, const std::uint8_t*& at, const std::uint8_t* end) {
    if (static_cast<std::size_t>(end - at) < fixed.size) return false;
    if (!same_bytes(at, fixed.at, fixed.size)) return false;
    at += fixed.size;
    return true;
  }
  // Not at the very end of the bytes, where its size might not be there to be read.
  static bool pass_leaf(const std::uint8_t*& at, const std::uint8_t* end) {
    const auto have = static_cast<std::size_t>(end - at);
    if (have < binary_head_bytes) return false;
    std::size_t size = 0;
    switch (*at) {
      case tag::small_integer:
        size = 2;
        break;
      case tag::integer:
        size = 5;
        break;
      case tag::small_big:
        size = std::size_t{3} + at[1];
        break;
      case tag::binary:
        size = binary_head_bytes + load_u32(at + 1);
        break;
      default:
        return false;
    }
    if (have < size) return false;
    at += size;
    return true;
  }

  std::array<Fixed, leaves_max> fixed_;  // what stands before each leaf
  Fixed tail_;                           // and behind the last
  std::size_t leaves_ = 0;
  std::size_t terms_;
  const std::uint8_t* after_leaf_ = nullptr;
  bool usable_ = false;
};

}  // namespace groot::ei_codec
