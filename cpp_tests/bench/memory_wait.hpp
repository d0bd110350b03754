// What one load from memory costs that no cache holds, when the next one's address comes with it.
#pragma once

#include <cstddef>

namespace groot::bench {

// Nanoseconds, over `bytes` of memory in huge pages where the system gives them.
[[nodiscard]] double dependent_load_ns(std::size_t bytes);

}  // namespace groot::bench
