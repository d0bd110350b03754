#include "cpp_tests/sim/stock_storage.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "cnode/process/term_append.hpp"
#include "cnode/process/timestamp_codec.hpp"

namespace groot::sim {
namespace {

using process::append_atom;
using process::append_bytes;
using process::append_map;
using process::append_tuple;

Bytes copy(ei_codec::ScannedTerm term) {
  return {term.bytes().begin(), term.bytes().end()};
}

void append(const StockRegister& reg, Bytes& out) {
  append_map(out, 3 + reg.extra_pairs);
  append_atom(out, "hlc");
  process::append_timestamp(reg.stamp, out);
  append_atom(out, "key");
  append_bytes(out, reg.key);
  append_atom(out, "value");
  append_bytes(out, reg.value);
  append_bytes(out, reg.extra);
}

Bytes cast_of(std::string_view name) {
  Bytes out;
  append_tuple(out, 2);
  append_atom(out, "$gen_cast");
  append_tuple(out, 2);
  append_atom(out, name);
  return out;
}

// A map of up to so many pairs has its keys in order.
constexpr std::size_t flat_map_max = 32;

// A larger one is a trie over hashes: it has them in another order, and a new one among the others.
std::uint64_t place_in_large_map(const StockRegister* reg) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const auto byte : reg->key) hash = (hash ^ static_cast<std::uint64_t>(byte)) * 0x100000001b3;
  return hash * 0x9e3779b97f4a7c15;
}

}  // namespace

bool StockRegister::key_is_list() const {
  const auto kind = ei_codec::TermReader(ei_codec::ScannedTerm::trusted(key)).kind();
  return kind == ei_codec::TermKind::list || kind == ei_codec::TermKind::string ||
         kind == ei_codec::TermKind::nil;
}

std::optional<StockRegister> read_stock_register(ei_codec::TermReader& reader) {
  const auto pairs = reader.take_map();
  if (!pairs) return std::nullopt;
  StockRegister reg;
  bool has_stamp = false;
  for (std::uint32_t pair = 0; pair < *pairs; ++pair) {
    if (reader.take_atom("hlc")) {
      const auto stamp = process::read_timestamp(reader);
      if (!stamp) return std::nullopt;
      reg.stamp = *stamp;
      has_stamp = true;
    } else if (reader.take_atom("key")) {
      reg.key = copy(reader.take_term());
    } else if (reader.take_atom("value")) {
      reg.value = copy(reader.take_term());
    } else {
      append_bytes(reg.extra, reader.take_term().bytes());
      append_bytes(reg.extra, reader.take_term().bytes());
      ++reg.extra_pairs;
    }
  }
  if (!has_stamp || reg.key.empty() || reg.value.empty()) return std::nullopt;
  return reg;
}

const StockRegister* StockStorage::find(const Bytes& key) const {
  const auto found = registers_.find(key);
  return found == registers_.end() ? nullptr : &found->second;
}

void StockStorage::set(const Bytes& key, const Bytes& value, const store::Timestamp& stamp) {
  StockRegister& reg = registers_[key];
  reg.key = key;
  reg.value = value;
  reg.stamp = stamp;
  versions_[key].insert(stamp);
}

void StockStorage::clear() {
  registers_.clear();
  versions_.clear();
}

void StockStorage::keep(StockRegister reg) {
  versions_[reg.key].insert(reg.stamp);
  Bytes key = reg.key;
  registers_.insert_or_assign(std::move(key), std::move(reg));
}

void StockStorage::update(StockRegister arrived) {
  const StockRegister* held = find(arrived.key);
  if (held == nullptr || arrived.stamp >= held->stamp) keep(std::move(arrived));
}

void StockStorage::merge(StockRegister arrived) {
  const StockRegister* held = find(arrived.key);
  if (held == nullptr || arrived.stamp > held->stamp) keep(std::move(arrived));
}

Bytes StockStorage::encode_update(const StockRegister& reg) {
  Bytes out = cast_of("update_register");
  append(reg, out);
  return out;
}

Bytes StockStorage::encode_state() const {
  std::vector<const StockRegister*> order;
  for (const auto& [key, reg] : registers_) order.push_back(&reg);
  if (order.size() > flat_map_max) std::ranges::sort(order, {}, place_in_large_map);
  Bytes out = cast_of("update_registers");
  append_map(out, static_cast<std::uint32_t>(registers_.size()));
  for (const StockRegister* reg : order) {
    append_bytes(out, reg->key);
    append(*reg, out);
  }
  return out;
}

}  // namespace groot::sim
