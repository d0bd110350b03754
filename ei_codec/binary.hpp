// An Erlang binary as a C++ value.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>
#include <variant>

#include "ei_codec/bytes.hpp"

namespace groot::ei_codec {

// A short one lies in the object itself: most keys and values take no memory of their own, and who
// reads many need not wait for the size of one, to allocate, before the next is looked for.
class Binary {
 public:
  static constexpr std::size_t inline_bytes_max = 63;

  Binary() = default;
  explicit Binary(ByteView bytes) {
    if (bytes.size() <= inline_bytes_max) {
      set_short(bytes);
    } else {
      bytes_.emplace<Bytes>(bytes.begin(), bytes.end());
    }
  }
  // The same; a long one stays where it is.
  explicit Binary(Bytes bytes) {
    if (bytes.size() <= inline_bytes_max) {
      set_short(bytes);
    } else {
      bytes_ = std::move(bytes);
    }
  }

  // Valid until the next change of the object.
  [[nodiscard]] ByteView view() const {
    if (const auto* const found = std::get_if<Short>(&bytes_)) {
      return {found->bytes.data(), found->size};
    }
    return std::get<Bytes>(bytes_);
  }
  friend bool operator==(const Binary& a, const Binary& b) {
    return same_bytes(a.view(), b.view());
  }

 private:
  struct Short {
    std::array<std::uint8_t, inline_bytes_max> bytes;
    std::uint8_t size;
    Short() : size(0) {}  // not the bytes: to clear them would cost what is won
  };

  // Precondition: they fit.
  void set_short(ByteView bytes) {
    auto& to = std::get<Short>(bytes_);
    if (!bytes.empty()) std::memcpy(to.bytes.data(), bytes.data(), bytes.size());
    to.size = static_cast<std::uint8_t>(bytes.size());
  }

  std::variant<Short, Bytes> bytes_;
};

}  // namespace groot::ei_codec
