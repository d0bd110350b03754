#include "ei_codec/term_scan.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <vector>

#include "ei_codec/codec_error.hpp"
#include "ei_codec/float_text.hpp"
#include "ei_codec/term_tags.hpp"
#include "ei_codec/utf8.hpp"

namespace groot::ei_codec {
namespace {

constexpr codec_errc passed{};
constexpr std::uint32_t free_variables_max = 255;  // OTP's MAX_ARG
constexpr std::uint8_t old_creation_max = 3;       // two bits before OTP 23; OTP refuses more
constexpr std::uint32_t old_reference_word_max = (1U << 18) - 1;

// How many terms are still to come in each container that is open around the current one. Room
// for all ordinary nesting lies inline; only deeper terms allocate.
class OpenContainers {
 public:
  void push(std::uint64_t left) {
    if (size_ == capacity_) grow();
    data_[size_++] = left;
  }
  std::uint64_t pop() { return data_[--size_]; }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  void grow() {
    if (more_.empty()) {
      more_.assign(inline_.begin(), inline_.end());
    }
    more_.resize(2 * capacity_);
    capacity_ = more_.size();
    data_ = more_.data();
  }
  std::array<std::uint64_t, 48> inline_;
  std::vector<std::uint64_t> more_;
  std::uint64_t* data_ = inline_.data();
  std::size_t capacity_ = inline_.size();
  std::size_t size_ = 0;
};

class Scanner {
 public:
  Scanner(ByteView bytes, const ScanLimits& limits)
      : begin_(bytes.data()),
        at_(bytes.data()),
        end_(bytes.data() + bytes.size()),
        limits_(limits) {}

  codec_errc scan() {
    while (true) {
      if (terms_ == limits_.max_terms) return codec_errc::too_many_terms;
      ++terms_;
      if (const codec_errc error = scan_inline(); error != passed) [[unlikely]]
        return error;
      while (left_ == 0) {
        if (open_.size() == 0) return passed;
        if (!funs_.empty() && funs_.back().depth == open_.size()) {
          if (at_ != funs_.back().end) return codec_errc::bad_fun;
          funs_.pop_back();
        }
        left_ = open_.pop();
      }
      --left_;
    }
  }

  [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(at_ - begin_); }

 private:
  struct OpenFun {
    std::size_t depth;        // open_.size() while its free variables are scanned
    const std::uint8_t* end;  // by its size field
  };

  [[nodiscard]] std::size_t have() const { return static_cast<std::size_t>(end_ - at_); }

  codec_errc take(std::uint64_t need) {
    if (have() < need) [[unlikely]]
      return codec_errc::truncated;
    at_ += need;
    return passed;
  }

  // A length field of N bytes, then that many bytes and `extra` more.
  template <unsigned N>
  codec_errc take_sized(std::uint64_t extra) {
    if (have() < N) [[unlikely]]
      return codec_errc::truncated;
    return take(N + std::uint64_t{load<N>()} + extra);
  }

  template <unsigned N>
  [[nodiscard]] std::uint32_t load() const {
    if constexpr (N == 1) return *at_;
    if constexpr (N == 2) return load_u16(at_);
    if constexpr (N == 4) return load_u32(at_);
  }

  template <unsigned N>
  codec_errc take_header(unsigned terms_each, unsigned terms_more) {
    if (have() < N) [[unlikely]]
      return codec_errc::truncated;
    const std::uint64_t count = std::uint64_t{load<N>()} * terms_each + terms_more;
    at_ += N;
    return open(count);
  }

  // Enters a container of `count` terms. Each takes a byte at least, so a count that the rest of
  // the bytes cannot hold is refused before anybody reserves memory for it.
  codec_errc open(std::uint64_t count) {
    if (have() < count) [[unlikely]]
      return codec_errc::truncated;
    if (count == 0) return passed;
    if (open_.size() == limits_.max_depth) [[unlikely]]
      return codec_errc::too_deep;
    open_.push(left_);
    left_ = count;
    return passed;
  }

  codec_errc scan_one() { return scan_inline(); }

  // Part of the loop: a call for each term would cost a third more.
  [[gnu::always_inline]] codec_errc scan_inline() {
    if (at_ == end_) [[unlikely]]
      return codec_errc::truncated;
    switch (const std::uint8_t tag = *at_++) {
      case tag::small_integer:
        return take(1);
      case tag::integer:
        return take(4);
      case tag::nil:
        return passed;
      case tag::small_atom_utf8:
      case tag::small_atom:
      case tag::atom:
      case tag::atom_utf8:
        return scan_atom_body(tag);
      case tag::binary:
        return take_sized<4>(0);
      case tag::string:
        return take_sized<2>(0);
      case tag::small_big:
        return take_sized<1>(1);
      case tag::large_big:
        return take_sized<4>(1);
      case tag::small_tuple:
        return take_header<1>(1, 0);
      case tag::large_tuple:
        return take_header<4>(1, 0);
      case tag::list:
        return take_header<4>(1, 1);
      case tag::map:
        return take_header<4>(2, 0);
      case tag::new_float:
        return scan_float();
      case tag::old_float:
        return scan_old_float();
      case tag::bit_binary:
        return scan_bits();
      case tag::new_pid:
        return scan_identifier(12, 0);
      case tag::old_pid:
        return scan_identifier(9, 1);
      case tag::new_port:
        return scan_identifier(8, 0);
      case tag::v4_port:
        return scan_identifier(12, 0);
      case tag::old_port:
        return scan_identifier(5, 1);
      case tag::old_reference:
        return scan_reference(1, 1, true);
      case tag::new_reference:
        return scan_counted_reference(1);
      case tag::newer_reference:
        return scan_counted_reference(4);
      case tag::export_fun:
        return scan_export();
      case tag::new_fun:
        return scan_fun();
      default:
        return codec_errc::unknown_tag;
    }
  }

  codec_errc scan_atom_body(std::uint8_t tag) {
    const bool small = tag == tag::small_atom_utf8 || tag == tag::small_atom;
    const bool latin1 = tag == tag::atom || tag == tag::small_atom;
    const std::size_t width = small ? 1 : 2;
    if (have() < width) [[unlikely]]
      return codec_errc::truncated;
    const std::size_t length = small ? load<1>() : load<2>();
    at_ += width;
    if (have() < length) [[unlikely]]
      return codec_errc::truncated;
    const ByteView name(at_, length);
    at_ += length;
    if (latin1) return length <= atom_characters_max ? passed : codec_errc::bad_atom;
    if (length <= atom_characters_max && is_ascii(name)) return passed;
    const auto characters = utf8_length(name);
    return characters && *characters <= atom_characters_max ? passed : codec_errc::bad_atom;
  }

  codec_errc scan_atom(codec_errc otherwise) {
    if (at_ == end_) return codec_errc::truncated;
    const std::uint8_t tag = *at_++;
    return is_atom_tag(tag) ? scan_atom_body(tag) : otherwise;
  }

  codec_errc scan_float() {
    if (have() < 8) return codec_errc::truncated;
    const double value = std::bit_cast<double>(load_u64(at_));
    at_ += 8;
    return std::isfinite(value) ? passed : codec_errc::bad_float;
  }

  codec_errc scan_old_float() {
    if (have() < tag::old_float_bytes) return codec_errc::truncated;
    const bool good = parse_float_ext(at_).has_value();
    at_ += tag::old_float_bytes;
    return good ? passed : codec_errc::bad_float;
  }

  codec_errc scan_bits() {
    if (have() < 5) return codec_errc::truncated;
    const std::uint32_t length = load_u32(at_);
    const std::uint8_t bits = at_[4];
    if (bits > 8 || (bits == 0) != (length == 0)) return codec_errc::bad_bits;
    return take(5 + std::uint64_t{length});
  }

  // A node, then `size` bytes, the last `old_creation` (0 or 1) of them an old creation.
  codec_errc scan_identifier(std::size_t size, std::size_t old_creation) {
    if (const auto error = scan_atom(codec_errc::bad_identifier); error != passed) return error;
    if (have() < size) return codec_errc::truncated;
    at_ += size;
    if (old_creation != 0 && at_[-1] > old_creation_max) return codec_errc::bad_identifier;
    return passed;
  }

  codec_errc scan_counted_reference(std::size_t creation_bytes) {
    if (have() < 2) return codec_errc::truncated;
    const unsigned words = load_u16(at_);
    at_ += 2;
    if (words == 0 || words > reference_words_max) return codec_errc::bad_identifier;
    return scan_reference(words, creation_bytes, false);
  }

  codec_errc scan_reference(unsigned words, std::size_t creation_bytes, bool creation_last) {
    if (const auto error = scan_atom(codec_errc::bad_identifier); error != passed) return error;
    if (have() < creation_bytes + 4 * words) return codec_errc::truncated;
    if (creation_bytes == 1) {
      const std::uint8_t creation = creation_last ? at_[4] : at_[0];
      const std::uint32_t first_word = load_u32(creation_last ? at_ : at_ + 1);
      if (creation > old_creation_max || first_word > old_reference_word_max) {
        return codec_errc::bad_identifier;
      }
    }
    at_ += creation_bytes + 4 * words;
    return passed;
  }

  codec_errc scan_export() {
    if (const auto error = scan_atom(codec_errc::bad_fun); error != passed) return error;
    if (const auto error = scan_atom(codec_errc::bad_fun); error != passed) return error;
    return scan_fixed(tag::small_integer, tag::small_integer);
  }

  codec_errc scan_fun() {
    if (have() < tag::fun_header_bytes) return codec_errc::truncated;
    const std::uint32_t size = load_u32(at_);
    const std::uint32_t free_variables = load_u32(at_ + tag::fun_free_count_offset);
    if (have() < size) return codec_errc::truncated;
    if (free_variables > free_variables_max) return codec_errc::bad_fun;
    const std::uint8_t* const end = at_ + size;
    at_ += tag::fun_header_bytes;
    if (const auto error = scan_atom(codec_errc::bad_fun); error != passed) return error;
    for (int i = 0; i < 2; ++i) {  // old index, old uniq
      if (const auto error = scan_fixed(tag::small_integer, tag::integer); error != passed) {
        return error;
      }
    }
    if (const auto error = scan_fixed(tag::new_pid, tag::old_pid); error != passed) return error;
    if (free_variables == 0) return at_ == end ? passed : codec_errc::bad_fun;
    if (const auto error = open(free_variables); error != passed) return error;
    funs_.push_back({open_.size(), end});
    return passed;
  }

  // A part of a fun: a term without elements that has one of two tags.
  codec_errc scan_fixed(std::uint8_t one, std::uint8_t other) {
    if (at_ == end_) return codec_errc::truncated;
    return *at_ == one || *at_ == other ? scan_one() : codec_errc::bad_fun;
  }

  const std::uint8_t* begin_;
  const std::uint8_t* at_;
  const std::uint8_t* end_;
  const ScanLimits& limits_;
  std::size_t terms_ = 0;
  std::uint64_t left_ = 0;  // terms still to come in the innermost open container
  OpenContainers open_;
  std::vector<OpenFun> funs_;
};

}  // namespace

Result<ScannedTerm> scan_term(ByteView bytes, const ScanLimits& limits) {
  const bool capped = bytes.size() > limits.max_bytes;
  Scanner scanner(capped ? bytes.first(limits.max_bytes) : bytes, limits);
  const codec_errc error = scanner.scan();
  if (error == passed) return ScannedTerm(bytes.first(scanner.size()));
  // Cut off by the limit, not by the sender.
  if (error == codec_errc::truncated && capped) return make_error_code(codec_errc::too_large);
  return Error{make_error_code(error), "at byte " + std::to_string(scanner.size())};
}

Result<ScannedTerm> scan_whole_term(ByteView bytes, const ScanLimits& limits) {
  if (bytes.size() > limits.max_bytes) return make_error_code(codec_errc::too_large);
  Result<ScannedTerm> term = scan_term(bytes, limits);
  if (term && term->size() != bytes.size()) return make_error_code(codec_errc::trailing_bytes);
  return term;
}

Result<ScannedTerm> scan_versioned_term(ByteView bytes, const ScanLimits& limits) {
  if (bytes.empty()) return make_error_code(codec_errc::truncated);
  if (bytes[0] != tag::version) return make_error_code(codec_errc::bad_version);
  return scan_term(bytes.subspan(1), limits);
}

}  // namespace groot::ei_codec
