#include "ei_codec/term_decode.hpp"

#include <climits>
#include <ei.h>

#include "ei_codec/canonical.hpp"
#include "ei_codec/codec_error.hpp"
#include "ei_codec/plain_term.hpp"
#include "ei_codec/term_tags.hpp"

namespace groot::ei_codec {
namespace {

void must(int status) {
  invariant(status == 0, "ei refuses bytes that passed the gate");
}

// ei's calls take no length and read identifiers of old nodes in their own ways. So they only see
// normalized bytes: one encoding per term, each container's count exact, depth bounded.
class Decoder {
 public:
  explicit Decoder(ByteView bytes) : data_(reinterpret_cast<const char*>(bytes.data())) {}

  Term decode() {
    int type = 0;
    int size = 0;
    must(ei_get_type(data_, &at_, &type, &size));
    switch (type) {
      case ERL_SMALL_INTEGER_EXT:
      case ERL_INTEGER_EXT:
      case ERL_SMALL_BIG_EXT:
      case ERL_LARGE_BIG_EXT:
        return decode_integer();
      case ERL_FLOAT_EXT:
      case NEW_FLOAT_EXT:
        return decode_float();
      case ERL_ATOM_EXT:
        return decode_atom();
      case ERL_PID_EXT:
      case ERL_NEW_PID_EXT:
        return decode_pid();
      case ERL_PORT_EXT:
      case ERL_NEW_PORT_EXT:
      case ERL_V4_PORT_EXT:
        return decode_port();
      case ERL_NEW_REFERENCE_EXT:
      case ERL_NEWER_REFERENCE_EXT:
        return decode_reference();
      case ERL_SMALL_TUPLE_EXT:
      case ERL_LARGE_TUPLE_EXT:
        return decode_tuple();
      case ERL_NIL_EXT:
      case ERL_LIST_EXT:
        return decode_list();
      case ERL_STRING_EXT:
        return decode_string(size);
      case ERL_BINARY_EXT:
        return decode_binary(size);
      case ERL_BIT_BINARY_EXT:
        return decode_bits();
      case ERL_MAP_EXT:
        return decode_map();
      case ERL_EXPORT_EXT:
        return decode_export();
      case ERL_NEW_FUN_EXT:
        return decode_local_fun();
      default:
        invariant(false, "ei finds a tag that the gate refuses");
    }
    return {};
  }

 private:
  Term decode_integer() {
    long long small = 0;
    const int before = at_;
    if (ei_decode_longlong(data_, &at_, &small) == 0) return std::int64_t{small};
    at_ = before;
    int type = 0;
    int bytes = 0;
    must(ei_get_type(data_, &at_, &type, &bytes));
    // ei stores 16 bit digits in the byte order of the machine.
    std::vector<std::uint16_t> digits((static_cast<std::size_t>(bytes) + 1) / 2);
    erlang_big big{static_cast<unsigned>(bytes), 0, digits.data()};
    must(ei_decode_big(data_, &at_, &big));
    BigInteger result;
    result.negative = big.is_neg != 0;
    for (const std::uint16_t digit : digits) {
      result.magnitude.push_back(static_cast<std::uint8_t>(digit));
      result.magnitude.push_back(static_cast<std::uint8_t>(digit >> 8));
    }
    while (result.magnitude.back() == 0) result.magnitude.pop_back();
    return result;
  }

  Term decode_float() {
    double value = 0;
    must(ei_decode_double(data_, &at_, &value));
    return value;
  }

  // The atom `ahead` bytes on. ei's own copy would end at the first zero byte of the name.
  [[nodiscard]] Atom atom_at(int ahead) const {
    const auto* at = reinterpret_cast<const std::uint8_t*>(data_ + at_ + ahead);
    return Atom{std::string(as_text(raw_atom(at).name))};
  }

  Term decode_atom() {
    Atom atom = atom_at(0);
    must(ei_skip_term(data_, &at_));
    return atom;
  }

  Term decode_pid() {
    Atom node = atom_at(1);
    erlang_pid pid;
    must(ei_decode_pid(data_, &at_, &pid));
    return Pid{std::move(node), pid.num, pid.serial, pid.creation};
  }

  Term decode_port() {
    Atom node = atom_at(1);
    erlang_port port;
    must(ei_decode_port(data_, &at_, &port));
    return Port{std::move(node), port.id, port.creation};
  }

  Term decode_reference() {
    Atom node = atom_at(3);  // past the number of words
    erlang_ref ref;
    must(ei_decode_ref(data_, &at_, &ref));
    return Reference{std::move(node), ref.creation, {ref.n, ref.n + ref.len}};
  }

  std::vector<Term> decode_terms(int count) {
    std::vector<Term> terms;
    terms.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) terms.push_back(decode());
    return terms;
  }

  Term decode_tuple() {
    int arity = 0;
    must(ei_decode_tuple_header(data_, &at_, &arity));
    return Tuple{decode_terms(arity)};
  }

  Term decode_list() {
    int count = 0;
    must(ei_decode_list_header(data_, &at_, &count));
    if (count == 0) return List{};
    List result{decode_terms(count), {}};
    int type = 0;
    int size = 0;
    must(ei_get_type(data_, &at_, &type, &size));
    if (type == ERL_NIL_EXT) {
      must(ei_decode_list_header(data_, &at_, &count));
    } else {
      result.tail.push_back(decode());
    }
    return result;
  }

  Term decode_string(int size) {
    std::string text(static_cast<std::size_t>(size) + 1, '\0');  // ei adds a zero byte
    must(ei_decode_string(data_, &at_, text.data()));
    text.pop_back();
    List result;
    result.elements.reserve(text.size());
    for (const char byte : text) result.elements.emplace_back(int{static_cast<std::uint8_t>(byte)});
    return result;
  }

  Term decode_binary(int size) {
    const auto* const body = reinterpret_cast<const std::uint8_t*>(data_ + at_ + binary_head_bytes);
    must(ei_skip_term(data_, &at_));
    return Binary(ByteView(body, static_cast<std::size_t>(size)));
  }

  Term decode_bits() {
    const char* bytes = nullptr;
    unsigned offset = 0;
    std::size_t bits = 0;
    must(ei_decode_bitstring(data_, &at_, &bytes, &offset, &bits));
    invariant(offset == 0 && bits % 8 != 0, "a normalized bit string is partial and aligned");
    const auto* const first = reinterpret_cast<const std::uint8_t*>(bytes);
    return BitString{Bytes(first, first + bits / 8 + 1), static_cast<std::uint8_t>(bits % 8)};
  }

  Term decode_map() {
    int count = 0;
    must(ei_decode_map_header(data_, &at_, &count));
    Map result;
    result.pairs.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) {
      Term key = decode();
      result.pairs.emplace_back(std::move(key), decode());
    }
    return result;
  }

  Term decode_export() {
    ExportedFun fun;
    ++at_;  // the tag
    fun.module = atom_at(0);
    must(ei_skip_term(data_, &at_));
    fun.function = atom_at(0);
    must(ei_skip_term(data_, &at_));
    long arity = 0;
    must(ei_decode_long(data_, &at_, &arity));
    invariant(arity >= 0 && arity <= 255, "an exported fun has a small arity");
    fun.arity = static_cast<std::uint8_t>(arity);
    return fun;
  }

  Term decode_local_fun() {
    const int begin = at_;
    must(ei_decode_fun(data_, &at_, nullptr));
    return LocalFun{Bytes(data_ + begin, data_ + at_)};
  }

  const char* data_;
  int at_ = 0;
};

}  // namespace

Result<Term> decode_term(ScannedTerm term) {
  if (auto plain = decode_plain(term)) return *std::move(plain);
  Bytes normalized;
  normalized.reserve(term.size());
  if (const auto done = append_normalized(term, normalized); !done) return done.error();
  // ei counts bytes in an int.
  if (normalized.size() > INT_MAX) return make_error_code(codec_errc::too_large);
  return Decoder(normalized).decode();
}

}  // namespace groot::ei_codec
