#include "ei_codec/term_scan.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <utility>
#include <vector>

#include "ei_codec/codec_error.hpp"
#include "ei_codec/float_text.hpp"
#include "ei_codec/like_pairs.hpp"
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

  // What it goes by is in variables of its own: in members, each term would wait for memory to have
  // what the one before it left there.
  codec_errc scan() {
    const std::uint8_t* at = at_;
    std::uint64_t left = 0;    // terms still to come in the innermost open container
    std::uint64_t length = 0;  // as it was read last
    const auto have = [&] { return static_cast<std::size_t>(end_ - at); };
    const auto take = [&](std::uint64_t need) {
      if (have() < need) return false;
      at += need;
      return true;
    };
    const auto read = [&](unsigned width) {
      if (have() < width) return false;
      length = width == 1 ? *at : width == 2 ? load_u16(at) : load_u32(at);
      at += width;
      return true;
    };
    const auto stop = [&](codec_errc error) {
      at_ = at;
      return error;
    };
    std::size_t terms = 0;
    while (true) {
      if (terms == limits_.max_terms) return stop(codec_errc::too_many_terms);
      ++terms;
      if (at == end_) [[unlikely]]
        return stop(codec_errc::truncated);
      const std::uint8_t* const begin = at;
      const std::uint8_t tag = *at++;
      bool whole = true;
      std::uint64_t count = 0;  // of terms inside this one
      switch (tag) {
        case tag::nil:
          break;
        case tag::small_integer:
          whole = take(1);
          break;
        case tag::integer:
          whole = take(4);
          break;
        case tag::small_atom_utf8:
        case tag::small_atom:
        case tag::atom:
        case tag::atom_utf8:
          whole = read(is_small_atom(tag) ? 1 : 2) && take(length);
          if (whole && !is_name(tag, {at - length, length})) return stop(codec_errc::bad_atom);
          break;
        case tag::binary:
          whole = read(4) && take(length);
          break;
        case tag::string:
          whole = read(2) && take(length);
          break;
        case tag::small_big:
          whole = read(1) && take(length + 1);
          break;
        case tag::large_big:
          whole = read(4) && take(length + 1);
          break;
        case tag::small_tuple:
          whole = read(1);
          count = length;
          break;
        case tag::large_tuple:
          whole = read(4);
          count = length;
          break;
        case tag::list:
          whole = read(4);
          count = length + 1;
          break;
        case tag::map:
          whole = read(4);
          count = 2 * length;
          break;
        default:
          at_ = at;
          if (const codec_errc error = scan_other(tag); error != passed) return error;
          at = at_;
          count = std::exchange(free_variables_, 0);
      }
      // Each term takes a byte at least, so a count that the rest of the bytes cannot hold is
      // refused before anybody reserves memory for it.
      if (!whole || have() < count) [[unlikely]]
        return stop(codec_errc::truncated);
      if (count > 0) {
        if (open_.size() == limits_.max_depth) [[unlikely]]
          return stop(codec_errc::too_deep);
        open_.push(left);
        left = count;
        if (tag == tag::map) like_.enter(open_.size(), count / 2);
      }
      like_.token(begin, at);
      while (true) {
        while (left == 0) {
          if (open_.size() == 0) return stop(passed);
          if (!funs_.empty() && funs_.back().depth == open_.size()) {
            if (at != funs_.back().end) return stop(codec_errc::bad_fun);
            funs_.pop_back();
          }
          like_.leave(open_.size());
          left = open_.pop();
        }
        if (!like_.is_before_pair(open_.size(), left)) break;
        const LikePairs::Place place = like_.pass({at, left, terms}, end_, limits_.max_terms);
        at = place.at;
        left = place.left;
        terms = place.terms;
        if (left > 0) break;
      }
      --left;
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

  // The terms that are none of the frequent ones; at_ is behind their tag.
  codec_errc scan_other(std::uint8_t tag) {
    switch (tag) {
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

  static bool is_small_atom(std::uint8_t tag) {
    return tag == tag::small_atom_utf8 || tag == tag::small_atom;
  }
  // Whether an atom of this tag may have these bytes as its name.
  static bool is_name(std::uint8_t tag, ByteView bytes) {
    const bool latin1 = tag == tag::atom || tag == tag::small_atom;
    if (bytes.size() <= atom_characters_max && (latin1 || is_ascii(bytes))) return true;
    if (latin1) return false;
    const auto characters = utf8_length(bytes);
    return characters && *characters <= atom_characters_max;
  }

  codec_errc scan_atom(codec_errc otherwise) {
    if (at_ == end_) return codec_errc::truncated;
    const std::uint8_t tag = *at_++;
    if (!is_atom_tag(tag)) return otherwise;
    const std::size_t width = is_small_atom(tag) ? 1 : 2;
    if (have() < width) return codec_errc::truncated;
    const std::size_t length = width == 1 ? *at_ : load_u16(at_);
    at_ += width;
    if (const auto error = take(length); error != passed) return error;
    return is_name(tag, {at_ - length, length}) ? passed : codec_errc::bad_atom;
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
    free_variables_ = free_variables;
    funs_.push_back({open_.size() + 1, end});
    return passed;
  }

  // A part of a fun: a term without elements that has one of two tags.
  codec_errc scan_fixed(std::uint8_t one, std::uint8_t other) {
    if (at_ == end_) return codec_errc::truncated;
    if (*at_ != one && *at_ != other) return codec_errc::bad_fun;
    switch (const std::uint8_t tag = *at_++) {
      case tag::small_integer:
        return take(1);
      case tag::integer:
        return take(4);
      default:
        return scan_other(tag);
    }
  }

  const std::uint8_t* begin_;
  const std::uint8_t* at_;
  const std::uint8_t* end_;
  const ScanLimits& limits_;
  std::uint64_t free_variables_ = 0;  // of the fun whose head was scanned last, still to come
  OpenContainers open_;
  std::vector<OpenFun> funs_;
  LikePairs like_;
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
