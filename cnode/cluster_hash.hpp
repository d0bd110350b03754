// What the nodes of one cluster share and others do not know: made from the cookie, and not leading
// back to it.
#pragma once

#include <cstdint>
#include <string_view>

#include "store/hash_key.hpp"

namespace groot {

struct ClusterHash {
  store::HashSecret secret;
  // Tells, without telling the secret, whether another node has the same. Not negative.
  std::int64_t check = 0;
};

[[nodiscard]] ClusterHash cluster_hash(std::string_view cookie);

}  // namespace groot
