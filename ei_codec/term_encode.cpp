#include "ei_codec/term_encode.hpp"

#include <array>

#include <climits>
#include <ei.h>

#include "ei_codec/term_tags.hpp"
#include "ei_codec/utf8.hpp"

namespace groot::ei_codec {
namespace {

void must(int status) {
  invariant(status == 0, "a term that breaks the rules of its type");
}

class Encoder {
 public:
  Encoder() { must(ei_x_new(&buffer_)); }
  ~Encoder() { ei_x_free(&buffer_); }
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

  void encode(const Term& term) {
    std::visit([this](const auto& value) { encode(value); }, term.value());
  }

  [[nodiscard]] ByteView bytes() const {
    return as_bytes({buffer_.buff, static_cast<std::size_t>(buffer_.index)});
  }

 private:
  static int length(std::size_t size) {
    invariant(size <= INT_MAX, "a term is larger than 2 GiB");  // ei counts in an int
    return static_cast<int>(size);
  }

  void encode(std::int64_t value) {
    // ei writes what exceeds 27 bits as a big integer.
    if (value >= INT32_MIN && value <= INT32_MAX) {
      std::array<std::uint8_t, 5> bytes{tag::integer};
      store_u32(static_cast<std::uint32_t>(value), bytes.data() + 1);
      if (value < 0 || value > 255) return append(bytes);
      return append(std::array{tag::small_integer, bytes[4]});
    }
    must(ei_x_encode_longlong(&buffer_, value));
  }

  // Not through ei, which writes an even number of bytes and so a zero byte too many.
  void encode(const BigInteger& value) {
    const std::size_t size = value.magnitude.size();
    Bytes header{tag::small_big, static_cast<std::uint8_t>(size)};
    if (size > 255) {
      header = {tag::large_big, 0, 0, 0, 0};
      store_u32(static_cast<std::uint32_t>(length(size)), header.data() + 1);
    }
    header.push_back(value.negative ? 1 : 0);
    append(header);
    append(value.magnitude);
  }

  void encode(double value) { must(ei_x_encode_double(&buffer_, value)); }

  void encode(const Atom& value) {
    const auto characters = utf8_length(as_bytes(value.name));
    invariant(characters && *characters <= atom_characters_max,
              "an atom is UTF-8 of at most 255 characters");
    must(ei_x_encode_atom_len_as(&buffer_, value.name.data(), length(value.name.size()),
                                 ERLANG_UTF8, ERLANG_UTF8));
  }

  // Identifiers not through ei, whose structs end a node's name at its first zero byte.
  void encode(const Pid& value) {
    append(std::array{tag::new_pid});
    encode(value.node);
    append_u32(value.id);
    append_u32(value.serial);
    append_u32(value.creation);
  }

  void encode(const Port& value) {
    const bool wide = value.id > new_port_id_max;
    append(std::array{wide ? tag::v4_port : tag::new_port});
    encode(value.node);
    if (wide) append_u32(static_cast<std::uint32_t>(value.id >> 32));
    append_u32(static_cast<std::uint32_t>(value.id));
    append_u32(value.creation);
  }

  void encode(const Reference& value) {
    invariant(!value.words.empty() && value.words.size() <= reference_words_max,
              "a reference has 1 to 5 words");
    append(std::array<std::uint8_t, 3>{tag::newer_reference, 0,
                                       static_cast<std::uint8_t>(value.words.size())});
    encode(value.node);
    append_u32(value.creation);
    for (const std::uint32_t word : value.words) append_u32(word);
  }

  void encode(const Tuple& value) {
    must(ei_x_encode_tuple_header(&buffer_, length(value.elements.size())));
    for (const Term& element : value.elements) encode(element);
  }

  void encode(const List& value) {
    if (value.elements.empty()) return must(ei_x_encode_empty_list(&buffer_));
    if (encode_string(value)) return;
    must(ei_x_encode_list_header(&buffer_, length(value.elements.size())));
    for (const Term& element : value.elements) encode(element);
    if (value.tail.empty()) return must(ei_x_encode_empty_list(&buffer_));
    encode(value.tail.front());
  }

  // A proper list of bytes takes one byte for each, as OTP writes it.
  bool encode_string(const List& value) {
    if (value.elements.size() > UINT16_MAX || !value.tail.empty()) return false;
    std::string text;
    for (const Term& element : value.elements) {
      const auto* byte = element.get_if<std::int64_t>();
      if (byte == nullptr || *byte < 0 || *byte > 255) return false;
      text.push_back(static_cast<char>(*byte));
    }
    must(ei_x_encode_string_len(&buffer_, text.data(), length(text.size())));
    return true;
  }

  void encode(const Binary& value) {
    must(ei_x_encode_binary(&buffer_, value.bytes.data(), length(value.bytes.size())));
  }

  void encode(const BitString& value) {
    invariant(!value.bytes.empty() && value.last_bits >= 1 && value.last_bits <= 7,
              "a bit string ends in a partial byte");
    const std::size_t bits = 8 * (value.bytes.size() - 1) + value.last_bits;
    const auto* bytes = reinterpret_cast<const char*>(value.bytes.data());
    must(ei_x_encode_bitstring(&buffer_, bytes, 0, bits));
  }

  void encode(const Map& value) {
    must(ei_x_encode_map_header(&buffer_, length(value.pairs.size())));
    for (const auto& [key, mapped] : value.pairs) {
      encode(key);
      encode(mapped);
    }
  }

  void encode(const ExportedFun& value) {
    append(std::array{tag::export_fun});
    encode(value.module);
    encode(value.function);
    encode(std::int64_t{value.arity});
  }

  void encode(const LocalFun& value) { append(value.encoded); }

  void append(ByteView bytes) {
    must(ei_x_append_buf(&buffer_, reinterpret_cast<const char*>(bytes.data()),
                         length(bytes.size())));
  }

  void append_u32(std::uint32_t value) {
    std::array<std::uint8_t, 4> bytes;
    store_u32(value, bytes.data());
    append(bytes);
  }

  ei_x_buff buffer_;
};

}  // namespace

void encode_term(const Term& term, Bytes& out) {
  Encoder encoder;
  encoder.encode(term);
  const ByteView bytes = encoder.bytes();
  out.insert(out.end(), bytes.begin(), bytes.end());
}

Bytes encode_term(const Term& term) {
  Bytes out;
  encode_term(term, out);
  return out;
}

}  // namespace groot::ei_codec
