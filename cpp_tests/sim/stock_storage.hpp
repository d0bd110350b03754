// What the storage process of stock Groot holds and how it merges, faults included: no tombstones,
// and an extra pair of a register stays when a later `set` replaces its value and stamp.
#pragma once

#include <map>
#include <optional>
#include <set>

#include "ei_codec/bytes.hpp"
#include "ei_codec/term_reader.hpp"
#include "store/timestamp.hpp"

namespace groot::sim {

using ei_codec::Bytes;
using ei_codec::ByteView;

// R of groot-protocol section 2.
struct StockRegister {
  Bytes key;
  Bytes value;
  store::Timestamp stamp;
  Bytes extra;  // pairs that stock does not know, as they came
  std::uint32_t extra_pairs = 0;

  [[nodiscard]] bool key_is_list() const;
};

// Nothing when the term is no register; stock would die of it.
[[nodiscard]] std::optional<StockRegister> read_stock_register(ei_codec::TermReader& reader);

class StockStorage {
 public:
  [[nodiscard]] const std::map<Bytes, StockRegister>& registers() const { return registers_; }
  // Null when the key is unknown.
  [[nodiscard]] const StockRegister* find(const Bytes& key) const;

  void set(const Bytes& key, const Bytes& value, const store::Timestamp& stamp);
  void forget(const Bytes& key) { registers_.erase(key); }
  void clear();
  // update_register: of equal stamps the one that arrives is kept.
  void update(StockRegister arrived);
  // update_registers: of equal stamps the one that is held is kept.
  void merge(StockRegister arrived);

  // Every version of a key that this process ever held.
  [[nodiscard]] const std::set<store::Timestamp>& versions(const Bytes& key) {
    return versions_[key];
  }

  // {'$gen_cast', {update_register, R}} and {'$gen_cast', {update_registers, #{Key => R}}}
  [[nodiscard]] static Bytes encode_update(const StockRegister& reg);
  [[nodiscard]] Bytes encode_state() const;

 private:
  void keep(StockRegister reg);

  std::map<Bytes, StockRegister> registers_;
  std::map<Bytes, std::set<store::Timestamp>> versions_;
};

}  // namespace groot::sim
