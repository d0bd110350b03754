#include "cnode/process/hello.hpp"

namespace groot::process {
namespace {

using ei_codec::atom;
using ei_codec::Term;

// Null when the map has none, or something else there.
const std::int64_t* find_integer(const ei_codec::Map& map, std::string_view name) {
  const Term* const found = map.find(atom(name));
  return found == nullptr ? nullptr : found->get_if<std::int64_t>();
}

}  // namespace

Term hello_question() {
  return ei_codec::tuple({atom("hello"), hello_version});
}

Term encode_hello(const HelloInfo& info) {
  return ei_codec::tuple({atom("hello"), hello_version,
                          ei_codec::map({{atom("hash"), info.hash_check},
                                         {atom("memory"), info.memory_id},
                                         {atom("tombstones"), info.tombstone_ttl_ms}})});
}

std::optional<HelloInfo> decode_hello(const Term& answer) {
  const auto* const tuple = answer.get_if<ei_codec::Tuple>();
  if (tuple == nullptr || tuple->elements.size() != 3) return std::nullopt;
  const auto& parts = tuple->elements;
  if (!parts[0].is_atom("hello") || parts[1] != Term(hello_version)) return std::nullopt;
  const auto* const map = parts[2].get_if<ei_codec::Map>();
  if (map == nullptr) return std::nullopt;
  const std::int64_t* const hash_check = find_integer(*map, "hash");
  if (hash_check == nullptr) return std::nullopt;
  HelloInfo info;
  info.hash_check = *hash_check;
  if (const auto* memory_id = find_integer(*map, "memory")) info.memory_id = *memory_id;
  if (const auto* ttl_ms = find_integer(*map, "tombstones")) info.tombstone_ttl_ms = *ttl_ms;
  return info;
}

}  // namespace groot::process
