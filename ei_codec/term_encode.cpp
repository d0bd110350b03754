#include "ei_codec/term_encode.hpp"

#include <array>
#include <cmath>
#include <limits>

#include <climits>
#include <ei.h>

#include "ei_codec/codec_error.hpp"
#include "ei_codec/plain_term.hpp"
#include "ei_codec/term_tags.hpp"
#include "ei_codec/utf8.hpp"

namespace groot::ei_codec {
namespace {

constexpr codec_errc passed{};
constexpr std::size_t any_depth = std::numeric_limits<std::size_t>::max();
// ei counts in an int. What it writes besides an atom, a string or a binary is shorter than that.
constexpr std::size_t encoded_bytes_max = INT_MAX - 1024;

void must(int status) {
  invariant(status == 0, "ei has no memory left");
}

// The first thing that cannot be encoded sticks: encode all, then ask refused().
class Encoder {
 public:
  explicit Encoder(std::size_t depth_max) : depth_max_(depth_max) { must(ei_x_new(&buffer_)); }
  ~Encoder() { ei_x_free(&buffer_); }
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

  void encode(const Term& term) {
    if (refused_ != passed) return;
    std::visit([this](const auto& value) { encode(value); }, term.value());
  }

  [[nodiscard]] codec_errc refused() const { return refused_; }

  [[nodiscard]] ByteView bytes() const {
    return as_bytes({buffer_.buff, static_cast<std::size_t>(buffer_.index)});
  }

 private:
  void refuse(codec_errc why) {
    if (refused_ == passed) refused_ = why;
  }

  // False, and refused, when so many more bytes are too many.
  bool has_room(std::size_t bytes) {
    const bool fits = bytes <= encoded_bytes_max &&
                      static_cast<std::size_t>(buffer_.index) <= encoded_bytes_max - bytes;
    if (!fits) refuse(codec_errc::too_large);
    return fits;
  }

  // Each element of a container takes a byte at least. Precondition of leave: enter gave true.
  bool enter(std::size_t elements) {
    if (depth_ == depth_max_) refuse(codec_errc::too_deep);
    if (!has_room(elements) || refused_ != passed) return false;
    ++depth_;
    return true;
  }
  void leave() { --depth_; }

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
      store_u32(static_cast<std::uint32_t>(size), header.data() + 1);
    }
    header.push_back(value.negative ? 1 : 0);
    append(header);
    append(value.magnitude);
  }

  void encode(double value) {
    if (!std::isfinite(value)) return refuse(codec_errc::bad_float);
    must(ei_x_encode_double(&buffer_, value));
  }

  void encode(const Atom& value) {
    const auto characters = utf8_length(as_bytes(value.name));
    if (!characters || *characters > atom_characters_max) return refuse(codec_errc::bad_atom);
    must(ei_x_encode_atom_len_as(&buffer_, value.name.data(), static_cast<int>(value.name.size()),
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
    if (value.words.empty() || value.words.size() > reference_words_max) {
      return refuse(codec_errc::bad_identifier);
    }
    append(std::array<std::uint8_t, 3>{tag::newer_reference, 0,
                                       static_cast<std::uint8_t>(value.words.size())});
    encode(value.node);
    append_u32(value.creation);
    for (const std::uint32_t word : value.words) append_u32(word);
  }

  void encode(const Tuple& value) {
    if (!enter(value.elements.size())) return;
    must(ei_x_encode_tuple_header(&buffer_, static_cast<long>(value.elements.size())));
    for (const Term& element : value.elements) encode(element);
    leave();
  }

  void encode(const List& value) {
    if (value.elements.empty()) return must(ei_x_encode_empty_list(&buffer_));
    if (encode_string(value)) return;
    if (!enter(value.elements.size())) return;
    must(ei_x_encode_list_header(&buffer_, static_cast<long>(value.elements.size())));
    for (const Term& element : value.elements) encode(element);
    if (value.tail.empty()) {
      must(ei_x_encode_empty_list(&buffer_));
    } else {
      encode(value.tail.front());
    }
    leave();
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
    if (has_room(text.size())) {
      must(ei_x_encode_string_len(&buffer_, text.data(), static_cast<int>(text.size())));
    }
    return true;
  }

  void encode(const Binary& value) {
    const ByteView bytes = value.view();
    if (!has_room(bytes.size())) return;
    must(ei_x_encode_binary(&buffer_, bytes.data(), static_cast<int>(bytes.size())));
  }

  void encode(const BitString& value) {
    if (value.bytes.empty() || value.last_bits < 1 || value.last_bits > 7) {
      return refuse(codec_errc::bad_bits);
    }
    if (!has_room(value.bytes.size())) return;
    const std::size_t bits = 8 * (value.bytes.size() - 1) + value.last_bits;
    const auto* bytes = reinterpret_cast<const char*>(value.bytes.data());
    must(ei_x_encode_bitstring(&buffer_, bytes, 0, bits));
  }

  void encode(const Map& value) {
    if (!enter(value.pairs.size())) return;
    must(ei_x_encode_map_header(&buffer_, static_cast<long>(value.pairs.size())));
    for (const auto& [key, mapped] : value.pairs) {
      encode(key);
      encode(mapped);
    }
    leave();
  }

  void encode(const ExportedFun& value) {
    append(std::array{tag::export_fun});
    encode(value.module);
    encode(value.function);
    encode(std::int64_t{value.arity});
  }

  void encode(const LocalFun& value) { append(value.encoded); }

  void append(ByteView bytes) {
    if (!has_room(bytes.size())) return;
    must(ei_x_append_buf(&buffer_, reinterpret_cast<const char*>(bytes.data()),
                         static_cast<int>(bytes.size())));
  }

  void append_u32(std::uint32_t value) {
    std::array<std::uint8_t, 4> bytes;
    store_u32(value, bytes.data());
    append(bytes);
  }

  ei_x_buff buffer_;
  std::size_t depth_max_;
  std::size_t depth_ = 0;
  codec_errc refused_ = passed;
};

}  // namespace

void encode_term(const Term& term, Bytes& out) {
  if (append_plain(term, out)) return;
  Encoder encoder(any_depth);
  encoder.encode(term);
  invariant(encoder.refused() == passed, "a term that breaks the rules of its type");
  const ByteView bytes = encoder.bytes();
  out.insert(out.end(), bytes.begin(), bytes.end());
}

Bytes encode_term(const Term& term) {
  Bytes out;
  encode_term(term, out);
  return out;
}

Result<Bytes> encode_checked(const Term& term) {
  if (Bytes plain; append_plain(term, plain)) return plain;
  Encoder encoder(tree_depth_max);
  encoder.encode(term);
  if (encoder.refused() != passed) return make_error_code(encoder.refused());
  return Bytes(encoder.bytes().begin(), encoder.bytes().end());
}

}  // namespace groot::ei_codec
