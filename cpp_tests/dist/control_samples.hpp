// The control messages of the golden frames, as structs: what both directions are tested against.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cnode/dist/control.hpp"

namespace groot::dist::samples {

[[nodiscard]] Pid beam();             // From in the golden frames
[[nodiscard]] Pid peer();             // To
[[nodiscard]] Reference reference();  // of 3 words
[[nodiscard]] Reference alias();      // of 5 words
[[nodiscard]] Bytes hello();          // the message of the golden frames that have one
[[nodiscard]] Bytes boom();           // the reasons of those that have one
[[nodiscard]] Bytes noproc();

struct Sample {
  std::string frame;  // the golden line
  Control control;
  std::optional<Bytes> message = std::nullopt;
};
// What decode makes of each golden frame made by hand.
[[nodiscard]] const std::vector<Sample>& all();

// Two control messages are the same message.
[[nodiscard]] bool same(const Control& a, const Control& b);

}  // namespace groot::dist::samples
