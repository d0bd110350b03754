// check_unique_keys: one iterative pass, in which each map's keys are compared when it closes.

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <memory_resource>
#include <vector>

#include "ei_codec/canonical.hpp"
#include "ei_codec/canonical_leaf.hpp"
#include "ei_codec/codec_error.hpp"
#include "ei_codec/term_scan.hpp"
#include "ei_codec/term_tags.hpp"

namespace groot::ei_codec {
namespace {

constexpr std::size_t pairwise_max = 8;  // up to here comparing all pairs beats sorting

class UniqueKeys {
 public:
  explicit UniqueKeys(const std::uint8_t* at) : source_(at), at_(at) {}

  Result<void> check() {
    current_.left = 1;
    while (true) {
      while (current_.left == 0) {
        if (current_.is_map && has_equal_keys()) return make_error_code(codec_errc::duplicate_key);
        if (open_.empty()) return {};
        current_ = open_.back();
        open_.pop_back();
      }
      const bool key_next = current_.is_map && current_.left % 2 == 0;
      --current_.left;
      if (!key_next) {
        walk_value();
      } else if (const auto taken = take_key(); !taken) {
        return taken;
      }
    }
  }

 private:
  // A container that is open: `left` terms still to come, keys and values counted alike.
  struct Level {
    std::uint64_t left = 0;
    bool is_map = false;
    std::size_t first_key = 0;  // of a map, in keys_
    std::size_t copies = 0;     // of a map, where its part of copies_ begins
  };
  // An atom in ASCII is compared where it stands, by its name: the same in all its encodings.
  // Every other key is compared as its canonical copy.
  struct Key {
    std::size_t begin;  // in source_ or in copies_
    std::size_t size;
    bool in_place;
  };

  void open(std::uint64_t terms, bool is_map) {
    if (terms == 0) return;
    open_.push_back(current_);
    current_ = {terms, is_map, keys_.size(), copies_.size()};
  }

  void walk_value() {
    const std::uint8_t* const body = at_ + 1;
    switch (*at_) {
      case tag::small_tuple:
        at_ = body + 1;
        return open(*body, false);
      case tag::large_tuple:
        at_ = body + 4;
        return open(load_u32(body), false);
      case tag::list:
        at_ = body + 4;
        return open(std::uint64_t{load_u32(body)} + 1, false);
      case tag::map:
        at_ = body + 4;
        return open(2 * std::uint64_t{load_u32(body)}, true);
      case tag::new_fun:
        at_ = body + tag::fun_header_bytes;
        for (int i = 0; i < 4; ++i) at_ = skip_term(at_);  // module, old index, old uniq, creator
        return open(load_u32(body + tag::fun_free_count_offset), false);
      default:
        at_ = skip_term(at_);
    }
  }

  Result<void> take_key() {
    const std::uint8_t* const end = skip_term(at_);
    if (is_atom_tag(*at_)) {
      const RawAtom atom = raw_atom(at_);
      if (is_ascii(atom.name)) {
        keys_.push_back(
            {static_cast<std::size_t>(atom.name.data() - source_), atom.name.size(), true});
        at_ = end;
        return {};
      }
    }
    const std::size_t begin = copies_.size();
    const ByteView bytes(at_, end);
    // A map inside the key is checked on the way.
    const auto copied = append_canonical(ScannedTerm::trusted(bytes), copies_);
    keys_.push_back({begin, copies_.size() - begin, false});
    at_ = end;
    return copied;
  }

  [[nodiscard]] std::string_view text(const Key& key) const {
    const std::uint8_t* const base = key.in_place ? source_ : copies_.data();
    return as_text(ByteView(base + key.begin, key.size));
  }

  [[nodiscard]] bool equal(const Key& a, const Key& b) const {
    return a.in_place == b.in_place && text(a) == text(b);
  }

  // Looks at the keys of the map that closes, and forgets them.
  bool has_equal_keys() {
    const std::span<const Key> keys = std::span<const Key>(keys_).subspan(current_.first_key);
    const bool found = keys.size() <= pairwise_max ? equal_pair(keys) : equal_neighbours(keys);
    keys_.resize(current_.first_key);
    copies_.resize(current_.copies);
    return found;
  }

  [[nodiscard]] bool equal_pair(std::span<const Key> keys) const {
    for (std::size_t i = 1; i < keys.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (equal(keys[i], keys[j])) return true;
      }
    }
    return false;
  }

  [[nodiscard]] bool equal_neighbours(std::span<const Key> keys) const {
    struct Hashed {
      std::size_t hash;
      const Key* key;
    };
    std::vector<Hashed> hashed;
    hashed.reserve(keys.size());
    for (const Key& key : keys) hashed.push_back({std::hash<std::string_view>{}(text(key)), &key});
    // The bytes decide between equal hashes, so that keys made to collide cost no more than a sort.
    std::ranges::sort(hashed, [&](const Hashed& a, const Hashed& b) {
      if (a.hash != b.hash) return a.hash < b.hash;
      if (a.key->in_place != b.key->in_place) return a.key->in_place;
      return text(*a.key) < text(*b.key);
    });
    const auto same = [&](const Hashed& a, const Hashed& b) {
      return a.hash == b.hash && equal(*a.key, *b.key);
    };
    return std::ranges::adjacent_find(hashed, same) != hashed.end();
  }

  std::array<std::byte, 4096> room_;  // enough for ordinary registers, which then allocate nothing
  std::pmr::monotonic_buffer_resource arena_{room_.data(), room_.size()};
  const std::uint8_t* source_;
  const std::uint8_t* at_;
  Level current_;
  std::pmr::vector<Level> open_{&arena_};
  std::pmr::vector<Key> keys_{&arena_};
  Bytes copies_;
};

}  // namespace

Result<void> check_unique_keys(ScannedTerm term) {
  return UniqueKeys(term.bytes().data()).check();
}

}  // namespace groot::ei_codec
