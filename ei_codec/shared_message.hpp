// An encoded term on its way to one peer or to many: bytes that nobody changes and nobody copies.
//
// Nearly always one piece. A large value is not copied behind what stands before it, but sent from
// where it is stored: then there are three, the value in the middle.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <utility>

#include "ei_codec/bytes.hpp"
#include "ei_codec/result.hpp"

namespace groot::ei_codec {

// Bytes, and who keeps them.
struct SharedPiece {
  SharedPiece() = default;
  SharedPiece(std::nullptr_t) {}
  SharedPiece(SharedBytes whole) : bytes(whole ? ByteView(*whole) : ByteView()), owner(whole) {}
  SharedPiece(ByteView part, std::shared_ptr<const void> keeper)
      : bytes(part), owner(std::move(keeper)) {}

  ByteView bytes;
  std::shared_ptr<const void> owner;
};

class SharedMessage {
 public:
  SharedMessage() = default;
  SharedMessage(std::nullptr_t) {}
  SharedMessage(SharedBytes bytes) : bytes_(std::move(bytes)) {}
  // `value` stands at byte `at` of the message, before what `bytes` hold from there on.
  SharedMessage(SharedBytes bytes, std::size_t at, SharedPiece value)
      : bytes_(std::move(bytes)), at_(at), value_(std::move(value)) {
    invariant(bytes_ && at_ <= bytes_->size(), "a value stands inside its message");
  }

  [[nodiscard]] std::size_t size() const {
    return (bytes_ ? bytes_->size() : 0) + value_.bytes.size();
  }
  [[nodiscard]] bool empty() const { return size() == 0; }

  // In order; some may be empty.
  [[nodiscard]] std::array<SharedPiece, 3> pieces() const {
    const ByteView all = bytes_ ? ByteView(*bytes_) : ByteView();
    if (value_.bytes.empty()) return {SharedPiece(all, bytes_), {}, {}};
    return {SharedPiece(all.first(at_), bytes_), value_, SharedPiece(all.subspan(at_), bytes_)};
  }

  // This message with `head` written before it.
  [[nodiscard]] SharedMessage behind(Bytes head) const {
    const std::size_t at = head.size() + at_;
    if (bytes_) head.insert(head.end(), bytes_->begin(), bytes_->end());
    return {std::make_shared<const Bytes>(std::move(head)), at, value_};
  }

  void append_to(Bytes& out) const {
    for (const SharedPiece& piece : pieces()) {
      out.insert(out.end(), piece.bytes.begin(), piece.bytes.end());
    }
  }

 private:
  SharedBytes bytes_;
  std::size_t at_ = 0;
  SharedPiece value_;
};

}  // namespace groot::ei_codec
