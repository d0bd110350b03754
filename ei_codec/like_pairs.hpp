// The pairs of a large map that are like the one before them, for the gate, which passes over them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ei_codec/pair_shape.hpp"

namespace groot::ei_codec {

// Of the outermost map that is large, one at a time.
class LikePairs {
 public:
  // A map of so many pairs is open: the innermost of `depth` containers.
  void enter(std::size_t depth, std::uint64_t pairs) {
    if (pairs < pairs_min || depth_ != nowhere) return;
    depth_ = depth;
    passed_ = 0;
    missed_ = 0;
  }
  // The innermost of `depth` containers is complete.
  void leave(std::size_t depth) {
    if (depth == depth_) leave();
  }
  // A token has been scanned.
  void token(const std::uint8_t* from, const std::uint8_t* to) {
    if (learning_) shape_.token(from, to);
  }

  // Where a scan is: so many terms are still to come in the innermost container, so many have been.
  struct Place {
    const std::uint8_t* at;
    std::uint64_t left;
    std::size_t terms;
  };
  [[nodiscard]] bool is_before_pair(std::size_t depth, std::uint64_t left) const {
    return depth == depth_ && left % 2 == 0;
  }
  // Behind those that are like the pair before. The one that follows is to be scanned, and is what
  // the next ones are compared with, unless that has seldom been of use. Precondition: before one.
  [[nodiscard]] Place pass(Place place, const std::uint8_t* end, std::size_t terms_max) {
    if (learning_) shape_.end(place.at, place.terms - terms_before_);
    while (learning_ && place.left > 0) {
      if (terms_max - place.terms < shape_.terms()) break;
      const std::uint8_t* const next = shape_.pass(place.at, end);
      if (next == nullptr) break;
      place = {next, place.left - 2, place.terms + shape_.terms()};
      ++passed_;
    }
    if (++missed_ > pairs_min + passed_) {
      leave();
    } else if (place.left > 0) {
      shape_.begin(place.at);
      terms_before_ = place.terms;
      learning_ = true;
    }
    return place;
  }

 private:
  static constexpr std::size_t pairs_min = 16;
  static constexpr std::size_t nowhere = SIZE_MAX;

  void leave() {
    depth_ = nowhere;
    learning_ = false;
  }

  std::size_t depth_ = nowhere;
  PairShape shape_;               // of the pair before
  bool learning_ = false;         // which is scanned now
  std::size_t terms_before_ = 0;  // it
  std::size_t passed_ = 0;
  std::size_t missed_ = 0;
};

}  // namespace groot::ei_codec
