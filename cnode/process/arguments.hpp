// The argument list of a remote call, element by element, still encoded: values stay as they came.
#pragma once

#include <optional>
#include <vector>

#include "ei_codec/term_scan.hpp"

namespace groot::process {

using ei_codec::Bytes;
using ei_codec::ScannedTerm;

// Views the list's bytes, which must outlive it.
class Arguments {
 public:
  // A proper list of at most arguments_max terms, in any encoding ([1,2] comes as STRING_EXT).
  [[nodiscard]] static std::optional<Arguments> read(ScannedTerm list);

  [[nodiscard]] std::size_t size() const { return elements_.size(); }
  [[nodiscard]] ScannedTerm operator[](std::size_t i) const { return elements_[i]; }
  // The whole list, for error terms.
  [[nodiscard]] ScannedTerm list() const { return list_; }

 private:
  explicit Arguments(ScannedTerm list) : list_(list) {}
  ScannedTerm list_;
  std::vector<ScannedTerm> elements_;
  Bytes small_integers_;  // those of a STRING_EXT, written out
};

}  // namespace groot::process
