// Starting an epmd where none runs, as `erl` does.
#pragma once

#include "ei_codec/result.hpp"

namespace groot::io {

// Runs `epmd -daemon` and waits until it has gone into the background; it may take a moment more to
// listen. Errors: the system's, when there is no such program or it fails.
[[nodiscard]] Result<void> launch_epmd();

}  // namespace groot::io
