#include "random_terms.hpp"

#include <algorithm>
#include <bit>
#include <numeric>
#include <optional>
#include <sstream>

#include "ei_codec/byte_writer.hpp"
#include "ei_codec/term_encode.hpp"
#include "ei_codec/term_tags.hpp"

namespace groot::ei_codec {
namespace {

template <class T>
T any(rc::Gen<T> gen) {
  return *gen;
}

std::size_t below(std::size_t bound) {
  return any(rc::gen::inRange<std::size_t>(0, bound));
}
bool coin() {
  return below(2) == 0;
}

Atom random_atom() {
  static const std::vector<std::string> names{"",
                                              "a",
                                              "b",
                                              "true",
                                              "nil",
                                              "Elixir.Groot",
                                              "caf\xC3\xA9",
                                              "\xC3\xA9",
                                              "\xCE\xB1",
                                              "x y",
                                              "a\nb",
                                              "\"'\\#{}",
                                              std::string("z\0z", 3),
                                              std::string(255, 'w')};
  return Atom{names[below(names.size())]};
}

Atom random_node() {
  return Atom{coin() ? "a@b" : "caf\xC3\xA9@h"};
}

std::uint32_t random_u32() {
  static const std::vector<std::uint32_t> edges{0,        1,         3, 255, 256, (1U << 18) - 1,
                                                1U << 28, UINT32_MAX};
  return coin() ? edges[below(edges.size())] : any(rc::gen::arbitrary<std::uint32_t>());
}

Bytes random_bytes(std::size_t max) {
  static const std::vector<Bytes> usual{{}, {'h', 'i'}, {0, 255}, {0xC3, 0xA9}};
  if (coin()) return usual[below(usual.size())];
  Bytes bytes(below(max + 1));
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(below(256));
  return bytes;
}

Term random_integer() {
  if (below(4) == 0) {
    BigInteger big{coin(), random_bytes(300)};
    big.magnitude.resize(std::max<std::size_t>(big.magnitude.size(), 9));
    big.magnitude.back() |= 1;
    return big;
  }
  if (below(8) == 0) return unsigned_integer(UINT64_MAX - below(3));
  const std::int64_t edge = std::int64_t{1} << below(63);
  return coin() ? (coin() ? edge : -edge) - static_cast<std::int64_t>(below(2))
                : static_cast<std::int64_t>(below(10));
}

Term random_double() {
  static const std::vector<double> edges{0.0, -0.0, 1.0, 5e-324, 1.7976931348623157e308, 0.1};
  if (coin()) return edges[below(edges.size())];
  const double value = std::bit_cast<double>(any(rc::gen::arbitrary<std::uint64_t>()));
  return value - value == 0 ? value : 1.0;  // finite only
}

Term random_bits() {
  BitString bits{random_bytes(4), static_cast<std::uint8_t>(1 + below(7))};
  bits.bytes.push_back(static_cast<std::uint8_t>(below(256) & (0xFF00U >> bits.last_bits)));
  return bits;
}

Term random_reference() {
  Reference reference{random_node(), random_u32(), {}};
  reference.words.resize(1 + below(5));
  for (std::uint32_t& word : reference.words) word = coin() ? 0 : random_u32();
  return reference;
}

Term random_fun() {
  if (coin())
    return ExportedFun{random_atom(), random_atom(), static_cast<std::uint8_t>(below(256))};
  Bytes body{static_cast<std::uint8_t>(below(4))};
  body.resize(17, 7);
  const std::size_t free_count = below(3);
  const auto add = [&](const Term& term) { encode_term(term, body); };
  ByteWriter(body).u32(3).u32(static_cast<std::uint32_t>(free_count));
  add(random_atom());
  add(1);
  add(123456);
  add(Pid{random_node(), 1, 2, 3});
  for (std::size_t i = 0; i < free_count; ++i) add(random_atom());
  Bytes fun;
  ByteWriter(fun).u8(tag::new_fun).u32(static_cast<std::uint32_t>(body.size() + 4)).bytes(body);
  return LocalFun{fun};
}

std::vector<Term> random_elements(int depth);

Term random_list(int depth) {
  List list{random_elements(depth), {}};
  if (below(3) == 0) {  // bytes only
    list.elements.clear();
    for (const std::uint8_t byte : random_bytes(20)) list.elements.emplace_back(int{byte});
  }
  if (!list.elements.empty() && below(4) == 0) list.tail.push_back(random_atom());
  return list;
}

Term make(int depth) {
  switch (below(depth > 0 ? 13 : 9)) {
    case 0:
      return random_integer();
    case 1:
      return random_double();
    case 2:
      return random_atom();
    case 3:
      return Pid{random_node(), random_u32(), random_u32(), random_u32()};
    case 4:
      return Port{random_node(), coin() ? random_u32() : any(rc::gen::arbitrary<std::uint64_t>()),
                  random_u32()};
    case 5:
      return random_reference();
    case 6:
      return Binary(random_bytes(2 * Binary::inline_bytes_max));
    case 7:
      return random_bits();
    case 8:
      return random_fun();
    case 9:
      return Tuple{random_elements(depth)};
    case 10:
      return random_list(depth);
    default: {
      std::vector<std::pair<Term, Term>> pairs;
      for (Term& key : random_elements(depth)) pairs.emplace_back(std::move(key), make(depth - 1));
      return map(std::move(pairs));
    }
  }
}

std::vector<Term> random_elements(int depth) {
  std::vector<Term> elements(below(6));
  for (Term& element : elements) element = make(depth - 1);
  return elements;
}

// Latin-1, when every character fits.
std::optional<Bytes> latin1(const std::string& utf8) {
  Bytes bytes;
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(utf8[i]);
    if (byte < 0x80) {
      bytes.push_back(byte);
    } else if (byte == 0xC2 || byte == 0xC3) {
      bytes.push_back(static_cast<std::uint8_t>((byte & 3) << 6 | (utf8[++i] & 0x3F)));
    } else {
      return std::nullopt;
    }
  }
  return bytes;
}

class AnyEncoder {
 public:
  explicit AnyEncoder(Bytes& out) : bytes_(out), out_(out) {}

  void encode(const Term& term) {
    // A list of no element is its tail.
    if (below(20) == 0) out_.u8(tag::list).u32(0);
    std::visit([this](const auto& value) { encode(value); }, term.value());
  }

 private:
  void encode(std::int64_t value) {
    const bool fits = value >= INT32_MIN && value <= INT32_MAX;
    if (value >= 0 && value <= 255 && coin()) {
      out_.u8(tag::small_integer).u8(static_cast<std::uint8_t>(value));
    } else if (fits && coin()) {
      out_.u8(tag::integer).u32(static_cast<std::uint32_t>(value));
    } else {
      const std::uint64_t bits = static_cast<std::uint64_t>(value);
      std::uint64_t magnitude = value < 0 ? ~bits + 1 : bits;
      BigInteger big{value < 0 || (value == 0 && coin()), {}};
      for (; magnitude != 0; magnitude >>= 8) {
        big.magnitude.push_back(static_cast<std::uint8_t>(magnitude));
      }
      encode(big);
    }
  }

  void encode(const BigInteger& value) {
    Bytes digits = value.magnitude;
    digits.resize(digits.size() + (coin() ? 0 : below(3)));  // leading zeros
    if (digits.size() <= 255 && coin()) {
      out_.u8(tag::small_big).u8(static_cast<std::uint8_t>(digits.size()));
    } else {
      out_.u8(tag::large_big).u32(static_cast<std::uint32_t>(digits.size()));
    }
    out_.u8(value.negative ? static_cast<std::uint8_t>(1 + below(255)) : 0).bytes(digits);
  }

  void encode(double value) {
    if (value == 0 && coin()) value = -value;
    if (below(3) > 0) {
      out_.u8(tag::new_float).u64(std::bit_cast<std::uint64_t>(value));
      return;
    }
    std::ostringstream text;  // what OTP wrote: %.20e
    text.precision(20);
    text << std::scientific << value;
    std::string padded = text.str();
    padded.resize(tag::old_float_bytes, '\0');
    out_.u8(tag::old_float).text(padded);
  }

  void encode(const Atom& value) {
    const std::size_t size = value.name.size();
    const auto old = latin1(value.name);
    if (old && coin()) {
      put_atom(tag::small_atom, tag::atom, old->size());
      out_.bytes(*old);
      return;
    }
    put_atom(tag::small_atom_utf8, tag::atom_utf8, size);
    out_.text(value.name);
  }

  void put_atom(std::uint8_t small, std::uint8_t large, std::size_t size) {
    if (size <= 255 && coin()) {
      out_.u8(small).u8(static_cast<std::uint8_t>(size));
    } else {
      out_.u8(large).u16(static_cast<std::uint16_t>(size));
    }
  }

  static bool old_form(std::uint32_t creation) { return creation <= 3 && coin(); }

  void put_creation(std::uint32_t creation, bool old) {
    if (old) {
      out_.u8(static_cast<std::uint8_t>(creation));
    } else {
      out_.u32(creation);
    }
  }

  void encode(const Pid& value) {
    const bool old = old_form(value.creation);
    out_.u8(old ? tag::old_pid : tag::new_pid);
    encode(value.node);
    out_.u32(value.id).u32(value.serial);
    put_creation(value.creation, old);
  }

  void encode(const Port& value) {
    if (value.id > UINT32_MAX || coin()) {
      out_.u8(tag::v4_port);
      encode(value.node);
      out_.u64(value.id).u32(value.creation);
      return;
    }
    const bool old = old_form(value.creation);
    out_.u8(old ? tag::old_port : tag::new_port);
    encode(value.node);
    out_.u32(static_cast<std::uint32_t>(value.id));
    put_creation(value.creation, old);
  }

  void encode(const Reference& value) {
    const bool old = value.words[0] < (1U << 18) && old_form(value.creation);
    auto words = value.words;
    while (words.size() > 1 && words.back() == 0 && coin()) words.pop_back();
    while (words.size() < 5 && coin()) words.push_back(0);
    if (old && words.size() == 1) {
      out_.u8(tag::old_reference);
      encode(value.node);
      out_.u32(words[0]).u8(static_cast<std::uint8_t>(value.creation));
      return;
    }
    out_.u8(old ? tag::new_reference : tag::newer_reference);
    out_.u16(static_cast<std::uint16_t>(words.size()));
    encode(value.node);
    put_creation(value.creation, old);
    for (const std::uint32_t word : words) out_.u32(word);
  }

  void encode(const Tuple& value) {
    const std::size_t arity = value.elements.size();
    if (coin()) {
      out_.u8(tag::small_tuple).u8(static_cast<std::uint8_t>(arity));
    } else {
      out_.u8(tag::large_tuple).u32(static_cast<std::uint32_t>(arity));
    }
    for (const Term& element : value.elements) encode(element);
  }

  // In pieces, each the tail of the one before; bytes perhaps as STRING_EXT.
  void encode(const List& value) {
    auto element = value.elements.begin();
    while (element != value.elements.end()) {
      if (value.tail.empty() && coin() && encode_string(element, value.elements.end())) return;
      const auto left = static_cast<std::size_t>(value.elements.end() - element);
      const std::size_t piece = coin() ? left : 1 + below(left);
      out_.u8(tag::list).u32(static_cast<std::uint32_t>(piece));
      for (std::size_t i = 0; i < piece; ++i) encode(*element++);
    }
    if (!value.tail.empty()) return encode(value.tail.front());
    if (below(4) == 0) {
      out_.u8(tag::string).u16(0);
    } else {
      out_.u8(tag::nil);
    }
  }

  template <class Iterator>
  bool encode_string(Iterator begin, Iterator end) {
    Bytes text;
    for (; begin != end; ++begin) {
      const auto* byte = begin->template get_if<std::int64_t>();
      if (byte == nullptr || *byte < 0 || *byte > 255) return false;
      text.push_back(static_cast<std::uint8_t>(*byte));
    }
    out_.u8(tag::string).u16(static_cast<std::uint16_t>(text.size())).bytes(text);
    return true;
  }

  void encode(const Binary& value) {
    const ByteView bytes = value.view();
    const auto size = static_cast<std::uint32_t>(bytes.size());
    if (coin()) {
      out_.u8(tag::binary).u32(size);
    } else {
      out_.u8(tag::bit_binary).u32(size).u8(size == 0 ? 0 : 8);
    }
    out_.bytes(bytes);
  }

  void encode(const BitString& value) {
    out_.u8(tag::bit_binary)
        .u32(static_cast<std::uint32_t>(value.bytes.size()))
        .u8(value.last_bits);
    out_.bytes(value.bytes);
    bytes_.back() |= static_cast<std::uint8_t>(below(256) & (0xFFU >> value.last_bits));
  }

  void encode(const Map& value) {
    std::vector<std::size_t> order(value.pairs.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[below(i)]);
    out_.u8(tag::map).u32(static_cast<std::uint32_t>(order.size()));
    for (const std::size_t at : order) {
      encode(value.pairs[at].first);
      encode(value.pairs[at].second);
    }
  }

  void encode(const ExportedFun& value) {
    out_.u8(tag::export_fun);
    encode(value.module);
    encode(value.function);
    out_.u8(tag::small_integer).u8(value.arity);
  }

  void encode(const LocalFun& value) { out_.bytes(value.encoded); }

  Bytes& bytes_;
  ByteWriter out_;
};

}  // namespace

rc::Gen<Term> random_term(int depth) {
  return rc::gen::exec([depth] { return make(depth); });
}

Bytes random_encoding(const Term& term) {
  Bytes bytes;
  AnyEncoder(bytes).encode(term);
  return bytes;
}

}  // namespace groot::ei_codec
