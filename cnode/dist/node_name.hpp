// Node names, as `erl` checks them: exactly one `@`, a non-empty alive part of letters, digits, `_`
// and `-`; a short name's host has no dot, a long name's host has one (or is an IPv6 literal).
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "ei_codec/result.hpp"

namespace groot::dist {

class NodeName {
 public:
  // Any well-formed "alive@host", of either kind: what a peer may be called.
  [[nodiscard]] static Result<NodeName> parse(std::string_view text);
  NodeName() = default;

  [[nodiscard]] const std::string& full() const { return full_; }
  [[nodiscard]] std::string_view alive() const;
  [[nodiscard]] std::string_view host() const;
  [[nodiscard]] bool is_long() const;  // by its host part

  // Byte order of the whole name: decides simultaneous connects.
  friend auto operator<=>(const NodeName&, const NodeName&) = default;

 private:
  std::string full_;
};

}  // namespace groot::dist
