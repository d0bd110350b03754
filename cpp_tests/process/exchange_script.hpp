// What a replica is made to hold, without a word to anybody.
#pragma once

#include <cstdint>
#include <optional>

#include <rapidcheck.h>

#include "cnode/process/register_codec.hpp"
#include "script.hpp"

namespace groot::process::testing {

struct Held {
  int key = 0;            // an integer, as key and, unless there is another, as value
  std::int64_t time = 0;  // of its stamp, after wall_start_ms
  bool deleted = false;
  std::optional<std::int64_t> deadline = std::nullopt;  // Unix time
  std::optional<int> value = std::nullopt;
};

// Merges it; the register, whether it is newer there or not.
store::RegisterPtr hold(Script& script, const Held& held);

// Keys below `keys`; few stamps and values, so that many collide.
rc::Gen<Held> any_held(int keys);

}  // namespace groot::process::testing
