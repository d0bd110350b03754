// What nodes of this kind say when they meet, to 'Elixir.Groot.Peer':
//
//   {hello, Version} → {hello, 4, #{hash := Check, memory => Id, tombstones => Ms}}
//
// Each asks the other, and so learns the other's version and info. Until version 2 the answer was
// {hello, Version}; older nodes take what they do not know for another version, as we do. Of the
// info, keys that are not known are passed over: it may grow without another version.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "ei_codec/term.hpp"

namespace groot::process {

// Counts up when what nodes of this kind say to each other beyond plain Groot changes.
inline constexpr int hello_version = 4;

struct HelloInfo {
  // Nodes that hash keys alike have the same; only they can compare what they hold by ranges of
  // hashes. Not negative.
  std::int64_t hash_check = 0;
  // Of what the node remembers with, its process or its file: random, not negative; 0: not told.
  std::int64_t memory_id = 0;
  // How long a tombstone lives there.
  std::int64_t tombstone_ttl_ms = std::numeric_limits<std::int64_t>::max();
};

[[nodiscard]] ei_codec::Term hello_question();
[[nodiscard]] ei_codec::Term encode_hello(const HelloInfo& info);
// None of a node of another version, and of one that says something else.
[[nodiscard]] std::optional<HelloInfo> decode_hello(const ei_codec::Term& answer);

}  // namespace groot::process
