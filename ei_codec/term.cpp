#include "ei_codec/term.hpp"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "ei_codec/canonical.hpp"
#include "ei_codec/term_encode.hpp"
#include "ei_codec/utf8.hpp"

namespace groot::ei_codec {
namespace {

using Pairs = std::vector<std::pair<Term, Term>>;

constexpr std::size_t searched_pairs_max = 16;  // up to here a linear search beats an index

// Where the keys of a large map are. Keys that have no canonical bytes (nested too deeply, or put
// together as no term) are searched for one by one.
class KeyIndex {
 public:
  explicit KeyIndex(const Pairs& pairs) : pairs_(pairs) {}

  // Precondition: no key equal to that of pairs[place] was added.
  void add(std::size_t place) {
    if (auto bytes = key_bytes(pairs_[place].first)) {
      places_.emplace(std::move(*bytes), place);
    } else {
      unindexed_.push_back(place);
    }
  }

  [[nodiscard]] std::optional<std::size_t> find(const Term& key) const {
    if (const auto bytes = key_bytes(key)) {
      const auto known = places_.find(*bytes);
      return known == places_.end() ? std::nullopt : std::optional(known->second);
    }
    const auto known =
        std::ranges::find_if(unindexed_, [&](std::size_t at) { return pairs_[at].first == key; });
    return known == unindexed_.end() ? std::nullopt : std::optional(*known);
  }

 private:
  static std::optional<std::string> key_bytes(const Term& key) {
    const auto encoded = encode_checked(key);
    if (!encoded) return std::nullopt;
    const auto scanned = scan_whole_term(*encoded);
    if (!scanned) return std::nullopt;
    const auto bytes = canonical(*scanned);
    if (!bytes) return std::nullopt;
    return std::string(as_text(*bytes));
  }

  const Pairs& pairs_;
  std::unordered_map<std::string, std::size_t> places_;
  std::vector<std::size_t> unindexed_;
};

bool includes_by_index(const Pairs& all, const Pairs& wanted) {
  KeyIndex index(all);
  for (std::size_t i = 0; i < all.size(); ++i) index.add(i);
  return std::ranges::all_of(wanted, [&](const auto& pair) {
    const auto place = index.find(pair.first);
    return place && all[*place].second == pair.second;
  });
}

}  // namespace

std::strong_ordering operator<=>(const Reference& a, const Reference& b) {
  if (const auto order = a.node <=> b.node; order != 0) return order;
  if (const auto order = a.creation <=> b.creation; order != 0) return order;
  const auto word = [](const Reference& r, std::size_t i) {
    return i < r.words.size() ? r.words[i] : 0;
  };
  for (std::size_t i = 0; i < std::max(a.words.size(), b.words.size()); ++i) {
    if (const auto order = word(a, i) <=> word(b, i); order != 0) return order;
  }
  return std::strong_ordering::equal;
}

bool operator==(const Reference& a, const Reference& b) {
  return (a <=> b) == 0;
}

bool operator==(const Tuple& a, const Tuple& b) {
  return a.elements == b.elements;
}

bool operator==(const List& a, const List& b) {
  return a.elements == b.elements && a.tail == b.tail;
}

bool operator==(const Map& a, const Map& b) {
  // No key stands twice, so equal sizes and one inclusion are enough. Maps that were decoded have
  // their keys in one order: the pairs decide.
  if (a.pairs.size() != b.pairs.size()) return false;
  if (std::ranges::equal(a.pairs, b.pairs, {}, &Pairs::value_type::first,
                         &Pairs::value_type::first)) {
    return std::ranges::equal(a.pairs, b.pairs, {}, &Pairs::value_type::second,
                              &Pairs::value_type::second);
  }
  if (a.pairs.size() > searched_pairs_max) return includes_by_index(b.pairs, a.pairs);
  return std::ranges::all_of(a.pairs, [&](const auto& pair) {
    const Term* other = b.find(pair.first);
    return other != nullptr && *other == pair.second;
  });
}

bool operator==(const Term& a, const Term& b) {
  return a.value_ == b.value_;
}

const Term* Map::find(const Term& key) const {
  const auto found = std::ranges::find(pairs, key, &std::pair<Term, Term>::first);
  return found == pairs.end() ? nullptr : &found->second;
}

bool Term::is_atom(std::string_view name) const {
  const Atom* atom = get_if<Atom>();
  return atom != nullptr && atom->name == name;
}

Term atom(std::string_view name) {
  return Atom{std::string(name)};
}

Term binary(std::string_view utf8) {
  return Binary(as_bytes(utf8));
}

Term boolean(bool value) {
  return atom(value ? "true" : "false");
}

Term nil() {
  return atom("nil");
}

Term tuple(std::vector<Term> elements) {
  return Tuple{std::move(elements)};
}

Term list(std::vector<Term> elements) {
  return List{std::move(elements), {}};
}

Term charlist(std::string_view utf8) {
  std::vector<Term> characters;
  if (utf8_length(as_bytes(utf8))) {
    for (std::size_t at = 0; at < utf8.size();) {
      characters.emplace_back(std::int64_t{next_character(utf8, at)});
    }
  } else {
    for (const char c : utf8) characters.emplace_back(int{static_cast<unsigned char>(c)});
  }
  return list(std::move(characters));
}

std::optional<std::string> charlist_text(const Term& term) {
  const auto* characters = term.get_if<List>();
  if (characters == nullptr || !characters->tail.empty()) return std::nullopt;
  std::string text;
  for (const Term& element : characters->elements) {
    const auto* c = element.get_if<std::int64_t>();
    if (c == nullptr || *c < 0 || *c > 0x10FFFF) return std::nullopt;
    if (!append_character(static_cast<char32_t>(*c), text)) return std::nullopt;
  }
  return text;
}

Term map(std::vector<std::pair<Term, Term>> pairs) {
  const bool indexed = pairs.size() > searched_pairs_max;
  Map result;
  result.pairs.reserve(pairs.size());
  KeyIndex index(result.pairs);
  for (auto& [key, value] : pairs) {
    const std::size_t next = result.pairs.size();
    std::size_t place = next;
    if (indexed) {
      place = index.find(key).value_or(next);
    } else {
      const auto known = std::ranges::find(result.pairs, key, &Pairs::value_type::first);
      place = static_cast<std::size_t>(known - result.pairs.begin());
    }
    if (place < next) {
      result.pairs[place].second = std::move(value);
      continue;
    }
    result.pairs.emplace_back(std::move(key), std::move(value));
    if (indexed) index.add(next);
  }
  return result;
}

Term unsigned_integer(std::uint64_t value) {
  if (value <= std::uint64_t{INT64_MAX}) return static_cast<std::int64_t>(value);
  BigInteger big;
  for (; value != 0; value >>= 8) big.magnitude.push_back(static_cast<std::uint8_t>(value));
  return big;
}

}  // namespace groot::ei_codec
