#include "ei_codec/canonical_leaf.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "ei_codec/float_text.hpp"
#include "ei_codec/term_tags.hpp"

namespace groot::ei_codec {
namespace {

// What OTP writes: five for the alias of a process, three for all others. A BEAM that reads its own
// alias in another number of words takes it for another reference.
constexpr std::size_t reference_words = 3;
constexpr std::size_t alias_words = 5;

class LeafWriter {
 public:
  LeafWriter(const std::uint8_t* at, Form form, Bytes& out) : at_(at), out_(out), form_(form) {}

  void write_leaf() {
    switch (const std::uint8_t tag = *at_) {
      case tag::nil:
        return copy(1);
      case tag::small_integer:
        return copy(2);
      case tag::binary:
        return copy(5 + std::size_t{load_u32(at_ + 1)});
      case tag::small_atom_utf8:
        return copy(2 + std::size_t{at_[1]});
      case tag::atom_utf8:
      case tag::small_atom:
      case tag::atom:
        return write_atom();
      case tag::integer:
        return write_integer();
      case tag::small_big:
        return write_big(at_[1], at_ + 2);
      case tag::large_big:
        return write_big(load_u32(at_ + 1), at_ + 5);
      case tag::new_float: {
        const bool negative_zero = load_u64(at_ + 1) == std::uint64_t{1} << 63;
        copy(9);
        if (negative_zero && form_ == Form::key) out_[out_.size() - 8] = 0;
        return;
      }
      case tag::old_float:
        return write_old_float();
      case tag::bit_binary:
        return write_bits();
      case tag::new_pid:
        return write_identifier(tag::new_pid, 8, 4);
      case tag::old_pid:
        return write_identifier(tag::new_pid, 8, 1);
      case tag::new_port:
      case tag::v4_port:
      case tag::old_port:
        return write_port(tag);
      case tag::old_reference:
      case tag::new_reference:
      case tag::newer_reference:
        return write_reference(tag);
      case tag::string: {
        const std::size_t length = load_u16(at_ + 1);
        if (length != 0) return copy(3 + length);
        at_ += 3;
        return put(tag::nil);
      }
      case tag::export_fun:
        copy(1);
        write_atom();
        write_atom();
        return copy(2);
      default:
        invariant(false, "a leaf with an unknown tag");
    }
  }

  void write_atom() {
    const RawAtom atom = raw_atom(at_);
    at_ = atom.name.data() + atom.name.size();
    if (!atom.latin1 || is_ascii(atom.name)) {
      put_atom_header(atom.name.size());
      return put(atom.name);
    }
    const auto high = std::ranges::count_if(atom.name, [](std::uint8_t b) { return b >= 0x80; });
    put_atom_header(atom.name.size() + static_cast<std::size_t>(high));
    append_utf8(atom.name, out_);
  }

  void put_atom_header(std::size_t length) {
    if (length <= 255) {
      put(tag::small_atom_utf8);
      return put(static_cast<std::uint8_t>(length));
    }
    put(tag::atom_utf8);
    put_u16(length);
  }

  void write_integer() {
    const std::uint32_t value = load_u32(at_ + 1);
    if (value > 255) return copy(5);
    put(tag::small_integer);
    put(static_cast<std::uint8_t>(value));
    at_ += 5;
  }

  // A big integer in the smallest form that holds it. `sign` points at its sign byte.
  void write_big(std::size_t length, const std::uint8_t* sign) {
    const bool negative = *sign != 0;
    const std::uint8_t* const digits = sign + 1;
    at_ = digits + length;
    while (length > 0 && digits[length - 1] == 0) --length;
    std::uint64_t low = 0;
    for (std::size_t i = std::min<std::size_t>(length, 4); i > 0; --i)
      low = low << 8 | digits[i - 1];
    if (length <= 1 && (!negative || low == 0)) {
      put(tag::small_integer);
      return put(static_cast<std::uint8_t>(low));
    }
    if (length <= 4 && low <= (std::uint64_t{1} << 31) - (negative ? 0 : 1)) {
      return put_tag_u32(tag::integer, static_cast<std::uint32_t>(negative ? ~low + 1 : low));
    }
    if (length <= 255) {
      put(tag::small_big);
      put(static_cast<std::uint8_t>(length));
    } else {
      put_tag_u32(tag::large_big, static_cast<std::uint32_t>(length));
    }
    put(negative ? 1 : 0);
    put(ByteView(digits, length));
  }

  void write_old_float() {
    const auto parsed = parse_float_ext(at_ + 1);
    invariant(parsed.has_value(), "a scanned FLOAT_EXT is a number");
    at_ += 1 + tag::old_float_bytes;
    const double value = *parsed == 0 && form_ == Form::key ? 0.0 : *parsed;
    const auto bits = std::bit_cast<std::uint64_t>(value);
    put_tag_u32(tag::new_float, static_cast<std::uint32_t>(bits >> 32));
    put_u32(static_cast<std::uint32_t>(bits));
  }

  void write_bits() {
    const std::uint32_t length = load_u32(at_ + 1);
    const unsigned bits = at_[5];
    const ByteView bytes(at_ + 6, length);
    at_ += 6 + std::size_t{length};
    if (bits % 8 == 0) {  // 8, or 0 of an empty one
      put_tag_u32(tag::binary, length);
      return put(bytes);
    }
    put_tag_u32(tag::bit_binary, length);
    put(static_cast<std::uint8_t>(bits));
    put(bytes);
    out_.back() &= static_cast<std::uint8_t>(0xFF00U >> bits);  // the unused bits mean nothing
  }

  // Node, `size` bytes, creation of one or four bytes.
  void write_identifier(std::uint8_t new_tag, std::size_t size, std::size_t creation_bytes) {
    put(new_tag);
    ++at_;
    write_atom();
    copy(size);
    write_creation(creation_bytes);
  }

  void write_creation(std::size_t creation_bytes) {
    if (creation_bytes == 4) return copy(4);
    put_u32(*at_);
    ++at_;
  }

  void write_port(std::uint8_t tag) {
    const std::uint8_t* id = skip_term(at_ + 1);
    const std::uint64_t number = tag == tag::v4_port ? load_u64(id) : load_u32(id);
    const std::size_t tag_at = out_.size();
    put(tag::new_port);
    ++at_;
    write_atom();
    if (number > new_port_id_max) {
      out_[tag_at] = tag::v4_port;
      put_u32(static_cast<std::uint32_t>(number >> 32));
    }
    put_u32(static_cast<std::uint32_t>(number));
    at_ += tag == tag::v4_port ? 8 : 4;
    write_creation(tag == tag::old_port ? 1 : 4);
  }

  void write_reference(std::uint8_t tag) {
    std::size_t words = 1;
    ++at_;
    if (tag != tag::old_reference) {
      words = load_u16(at_);
      at_ += 2;
    }
    const std::size_t creation_bytes = tag == tag::newer_reference ? 4 : 1;
    const std::uint8_t* const after_node = skip_term(at_);
    const std::uint8_t* const first = after_node + (tag == tag::old_reference ? 0 : creation_bytes);
    std::size_t kept = words;
    if (form_ == Form::key) {
      // OTP takes references for equal that differ in trailing zero words only.
      while (kept > reference_words && load_u32(first + 4 * (kept - 1)) == 0) --kept;
      kept = kept <= reference_words ? reference_words : alias_words;
    }
    put(tag::newer_reference);
    put_u16(kept);
    write_atom();
    at_ = tag == tag::old_reference ? first + 4 : after_node;
    write_creation(creation_bytes);
    put(ByteView(first, 4 * std::min(words, kept)));
    out_.resize(out_.size() + 4 * (kept - std::min(words, kept)));
    at_ = first + 4 * words + (tag == tag::old_reference ? 1 : 0);
  }

  [[nodiscard]] const std::uint8_t* at() const { return at_; }

 private:
  void put(std::uint8_t byte) { out_.push_back(byte); }
  void put(ByteView bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }
  void put_u16(std::size_t value) {
    put(static_cast<std::uint8_t>(value >> 8));
    put(static_cast<std::uint8_t>(value));
  }
  void put_u32(std::uint32_t value) {
    std::array<std::uint8_t, 4> bytes;
    store_u32(value, bytes.data());
    put(bytes);
  }
  void put_tag_u32(std::uint8_t tag, std::uint32_t value) {
    std::array<std::uint8_t, 5> bytes{tag};
    store_u32(value, bytes.data() + 1);
    put(bytes);
  }
  void copy(std::size_t count) {
    put(ByteView(at_, count));
    at_ += count;
  }

  const std::uint8_t* at_;
  Bytes& out_;
  const Form form_;
};

}  // namespace

const std::uint8_t* append_leaf(const std::uint8_t* at, Form form, Bytes& out) {
  LeafWriter writer(at, form, out);
  writer.write_leaf();
  return writer.at();
}

}  // namespace groot::ei_codec
