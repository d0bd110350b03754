#include "ei_codec/canonical.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "ei_codec/canonical_leaf.hpp"
#include "ei_codec/codec_error.hpp"
#include "ei_codec/term_tags.hpp"

namespace groot::ei_codec {
namespace {

constexpr codec_errc passed{};
constexpr std::uint32_t string_bytes_max = 65'535;  // the length field of STRING_EXT

// Walks scanned bytes, which need no bounds checks, and appends. Recursion is bounded by
// tree_depth_max.
class Canonicalizer {
 public:
  Canonicalizer(const std::uint8_t* at, Bytes& out, Form form) : at_(at), out_(out), form_(form) {}

  codec_errc write(std::size_t depth) {
    const std::uint8_t* const body = at_ + 1;
    switch (*at_) {
      case tag::small_tuple:
      case tag::large_tuple:
      case tag::list:
      case tag::map:
      case tag::new_fun:
        break;
      default:
        return write_leaf();
    }
    if (depth == tree_depth_max) return codec_errc::too_deep;
    switch (*at_) {
      case tag::small_tuple:
        at_ = body + 1;
        return write_tuple(*body, depth);
      case tag::large_tuple:
        at_ = body + 4;
        return write_tuple(load_u32(body), depth);
      case tag::list:
        return write_list(depth);
      case tag::map:
        at_ = body + 4;
        return write_map(load_u32(body), depth);
      default:
        return write_fun(depth);
    }
  }

 private:
  struct Pair {
    std::size_t begin;  // in out_
    std::size_t key_end;
    std::size_t end;
  };

  void put(std::uint8_t byte) { out_.push_back(byte); }
  void put_tag_u32(std::uint8_t tag, std::uint32_t value) {
    std::array<std::uint8_t, 5> bytes{tag};
    store_u32(value, bytes.data() + 1);
    out_.insert(out_.end(), bytes.begin(), bytes.end());
  }
  codec_errc write_leaf() {
    at_ = append_leaf(at_, form_, out_);
    return passed;
  }

  codec_errc write_tuple(std::uint32_t arity, std::size_t depth) {
    if (arity <= 255) {
      put(tag::small_tuple);
      put(static_cast<std::uint8_t>(arity));
    } else {
      put_tag_u32(tag::large_tuple, arity);
    }
    for (; arity > 0; --arity) {
      if (const auto error = write(depth + 1); error != passed) return error;
    }
    return passed;
  }

  // A list may come in pieces, each the tail of the one before: written as one.
  codec_errc write_list(std::size_t depth) {
    const std::size_t begin = out_.size();
    put_tag_u32(tag::list, 0);
    std::uint64_t count = 0;
    bool only_bytes = true;
    while (*at_ == tag::list || *at_ == tag::string) {
      if (*at_ == tag::string) {
        const ByteView bytes(at_ + 3, load_u16(at_ + 1));
        for (const std::uint8_t byte : bytes) {
          put(tag::small_integer);
          put(byte);
        }
        count += bytes.size();
        at_ += 3 + bytes.size();
        return finish_list(begin, count, only_bytes);
      }
      const std::uint32_t elements = load_u32(at_ + 1);
      at_ += 5;
      count += elements;
      for (std::uint32_t i = 0; i < elements; ++i) {
        const std::size_t element = out_.size();
        if (const auto error = write(depth + 1); error != passed) return error;
        only_bytes = only_bytes && out_[element] == tag::small_integer;
      }
    }
    if (*at_ == tag::nil) {
      ++at_;
      return finish_list(begin, count, only_bytes);
    }
    if (count == 0) {  // no element: the term is its own tail
      out_.resize(begin);
      return write(depth);
    }
    if (const auto error = write(depth + 1); error != passed) return error;
    return write_count(begin, count);
  }

  // The elements, whose list header starts at `begin`, were the last: the list is proper.
  codec_errc finish_list(std::size_t begin, std::uint64_t count, bool only_bytes) {
    if (count == 0) {
      out_.resize(begin);
      put(tag::nil);
      return passed;
    }
    if (!only_bytes || count > string_bytes_max) {
      put(tag::nil);
      return write_count(begin, count);
    }
    out_[begin] = tag::string;
    out_[begin + 1] = static_cast<std::uint8_t>(count >> 8);
    out_[begin + 2] = static_cast<std::uint8_t>(count);
    for (std::size_t i = 0; i < count; ++i) out_[begin + 3 + i] = out_[begin + 5 + 2 * i + 1];
    out_.resize(begin + 3 + count);
    return passed;
  }

  codec_errc write_count(std::size_t begin, std::uint64_t count) {
    if (count > UINT32_MAX) return codec_errc::not_representable;
    store_u32(static_cast<std::uint32_t>(count), out_.data() + begin + 1);
    return passed;
  }

  codec_errc write_map(std::uint32_t count, std::size_t depth) {
    put_tag_u32(tag::map, count);
    if (count <= small_map) {
      std::array<Pair, small_map> pairs;
      return write_pairs(std::span(pairs).first(count), depth);
    }
    std::vector<Pair> pairs(count);
    return write_pairs(pairs, depth);
  }

  codec_errc write_pairs(std::span<Pair> pairs, std::size_t depth) {
    for (Pair& pair : pairs) {
      pair.begin = out_.size();
      if (const auto error = write(depth + 1); error != passed) return error;
      pair.key_end = out_.size();
      if (const auto error = write(depth + 1); error != passed) return error;
      pair.end = out_.size();
    }
    const auto key = [&](const Pair& pair) {
      return as_text(ByteView(out_).subspan(pair.begin, pair.key_end - pair.begin));
    };
    const auto by_key = [&](const Pair& a, const Pair& b) { return key(a) < key(b); };
    const auto not_before = [&](const Pair& a, const Pair& b) { return key(a) >= key(b); };
    if (std::ranges::adjacent_find(pairs, not_before) == pairs.end()) return passed;
    const std::size_t begin = pairs.front().begin;
    std::ranges::sort(pairs, by_key);
    if (std::ranges::adjacent_find(pairs, not_before) != pairs.end()) {
      return codec_errc::duplicate_key;
    }
    Bytes sorted;
    sorted.reserve(out_.size() - begin);
    for (const Pair& pair : pairs) {
      const ByteView bytes = ByteView(out_).subspan(pair.begin, pair.end - pair.begin);
      sorted.insert(sorted.end(), bytes.begin(), bytes.end());
    }
    std::ranges::copy(sorted, out_.begin() + static_cast<std::ptrdiff_t>(begin));
    return passed;
  }

  codec_errc write_fun(std::size_t depth) {
    const std::size_t begin = out_.size();
    const std::uint32_t free_variables = load_u32(at_ + 1 + tag::fun_free_count_offset);
    out_.insert(out_.end(), at_, at_ + 1 + tag::fun_header_bytes);
    at_ += 1 + tag::fun_header_bytes;
    for (int i = 0; i < 4; ++i) write_leaf();  // module, old index, old uniq, creator
    for (std::uint32_t i = 0; i < free_variables; ++i) {
      if (const auto error = write(depth + 1); error != passed) return error;
    }
    const std::size_t size = out_.size() - begin - 1;
    if (size > UINT32_MAX) return codec_errc::not_representable;
    store_u32(static_cast<std::uint32_t>(size), out_.data() + begin + 1);
    return passed;
  }

  static constexpr std::size_t small_map = 16;  // pairs whose places are kept without allocating

  const std::uint8_t* at_;
  Bytes& out_;
  const Form form_;
};

Result<void> append(ScannedTerm term, Bytes& out, Form form) {
  const std::size_t before = out.size();
  Canonicalizer canonicalizer(term.bytes().data(), out, form);
  const codec_errc error = canonicalizer.write(0);
  if (error == passed) return {};
  out.resize(before);
  return make_error_code(error);
}

}  // namespace

Result<void> append_canonical(ScannedTerm term, Bytes& out) {
  return append(term, out, Form::key);
}

Result<void> append_normalized(ScannedTerm term, Bytes& out) {
  return append(term, out, Form::normalized);
}

Result<Bytes> canonical(ScannedTerm term) {
  Bytes out;
  out.reserve(term.size());
  const auto appended = append_canonical(term, out);
  if (!appended) return appended.error();
  return out;
}

bool is_list(ScannedTerm term) {
  const std::uint8_t* at = term.bytes().data();
  // A LIST_EXT without elements is whatever its tail is.
  while (*at == tag::list && load_u32(at + 1) == 0) at += 5;
  return *at == tag::nil || *at == tag::string || *at == tag::list;
}

}  // namespace groot::ei_codec
