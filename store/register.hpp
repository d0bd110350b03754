// A register: one key's latest write. Immutable once made; shared between the map and the encoder.
//
// Key and value are external-term bytes without the version byte: the key canonical (equal terms,
// equal bytes), the value byte for byte as it was received.
#pragma once

#include <atomic>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

#include "ei_codec/bytes.hpp"
#include "ei_codec/message_buffer.hpp"
#include "ei_codec/shared_message.hpp"
#include "store/timestamp.hpp"
#include "store/value_hash.hpp"

namespace groot::store {

using ei_codec::Bytes;
using ei_codec::ByteView;
using ei_codec::MessageBuffer;

enum class RegisterKind : std::uint8_t {
  value,
  tombstone,  // deleted or expired; its value is the atom nil, for stock readers
};

// A register about to be merged or written: views, valid during the call.
struct RegisterView {
  ByteView key;
  ByteView value;
  Timestamp stamp;
  RegisterKind kind = RegisterKind::value;
  std::optional<std::int64_t> expires_at_ms = std::nullopt;  // Unix time; only with kind value
  // What `value` lies in, where that may be kept instead of a copy.
  const MessageBuffer* buffer = nullptr;
};

// A value about to be stored.
struct ValueView {
  ValueView(ByteView value, const MessageBuffer* holder = nullptr) : bytes(value), buffer(holder) {}
  ValueView(const Bytes& value) : bytes(value) {}

  ByteView bytes;
  const MessageBuffer* buffer = nullptr;  // as in RegisterView
};

// Which of two registers of one key a merge keeps: the greater. A total order, so that merging is
// commutative, associative and idempotent. The later stamp decides. One stamp is one write, so
// registers of equal stamp are that write seen through different nodes, and the better informed
// view of it is the greater: a tombstone before a value; then the greater value bytes (two nodes
// may encode one value differently); then a deadline before none, and the later deadline.
[[nodiscard]] std::strong_ordering merge_order(const RegisterView& a, const RegisterView& b);

[[nodiscard]] inline bool is_past_deadline(const std::optional<std::int64_t>& expires_at_ms,
                                           std::int64_t wall_ms) {
  return expires_at_ms && *expires_at_ms <= wall_ms;
}

// A delete of the key. Its views are those of the arguments.
[[nodiscard]] RegisterView tombstone_of(ByteView key, const Timestamp& stamp);

// What an expired version turns into on every node of ours: a tombstone just above it. Its views
// are those of `expired`.
[[nodiscard]] RegisterView expiry_tombstone(const RegisterView& expired);

// The atom nil, in the encoding that current nodes write.
[[nodiscard]] ByteView nil_value();

class RegisterPtr;

// Whether registers lie in slabs (slab_allocator.hpp): AddressSanitizer sees what happens to a
// block only where it gave it out.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool registers_in_slabs = false;
#elif defined(__has_feature)
inline constexpr bool registers_in_slabs = !__has_feature(address_sanitizer);
#else
inline constexpr bool registers_in_slabs = true;
#endif

// The same, owned. One allocation: the header, then key bytes, then value bytes, then the deadline,
// which few have, then the hash of a long value. A large value (kept_bytes_min) that makes up a
// quarter of its buffer or more stays there: copying it would take long, and what is kept for
// nothing is bounded.
class Register {
 public:
  // A tombstone's `value` and deadline are not looked at: its value is nil_value(), it has none.
  // Preconditions: key and value are under 4 GiB each; the stamp's time is of 48 bits.
  static RegisterPtr make(const RegisterView& view);

  Register(const Register&) = delete;
  Register& operator=(const Register&) = delete;

  [[nodiscard]] ByteView key() const { return {tail(), key_size_}; }
  [[nodiscard]] ByteView value() const {
    if (is_tombstone()) return nil_value();
    return {is_kept() ? kept()->value : tail() + key_size_, value_size_};
  }
  [[nodiscard]] Timestamp stamp() const {
    return {time_and_counter_ >> 16, static_cast<std::uint16_t>(time_and_counter_), node_id_};
  }
  [[nodiscard]] RegisterKind kind() const {
    return is_tombstone() ? RegisterKind::tombstone : RegisterKind::value;
  }
  [[nodiscard]] bool is_tombstone() const { return (flags_ & tombstone_flag) != 0; }
  [[nodiscard]] std::optional<std::int64_t> expires_at_ms() const {
    if ((flags_ & expires_flag) == 0) return std::nullopt;
    std::int64_t at_ms;
    std::memcpy(&at_ms, tail() + key_size_ + (is_kept() ? 0 : value_size_), sizeof at_ms);
    return at_ms;
  }
  // Of the value's bytes; 0 of a tombstone. The same on every node.
  [[nodiscard]] std::uint64_t value_hash() const {
    if (is_tombstone()) return 0;
    if ((flags_ & hashed_flag) == 0) return hash_short_value(value());
    std::uint64_t hash;
    const std::size_t deadline = (flags_ & expires_flag) != 0 ? sizeof(std::int64_t) : 0;
    std::memcpy(&hash, tail() + key_size_ + (is_kept() ? 0 : value_size_) + deadline, sizeof hash);
    return hash;
  }
  // A key that is a list kills a stock storage process; such a register stays among nodes of ours.
  [[nodiscard]] bool key_is_list() const;
  [[nodiscard]] RegisterView view() const {
    return {key(), value(), stamp(), kind(), expires_at_ms()};
  }

 private:
  friend class RegisterPtr;
  friend class RegisterMap;
  friend class Table;

  // Stands before the register of a value that stays in its buffer.
  struct Kept {
    std::shared_ptr<const MessageBuffer> buffer;
    const std::uint8_t* value;
  };

  static constexpr std::uint8_t tombstone_flag = 1;
  static constexpr std::uint8_t kept_flag = 2;
  static constexpr std::uint8_t expires_flag = 4;
  static constexpr std::uint8_t hashed_flag = 8;

  Register(const RegisterView& view, std::uint8_t flags);
  ~Register() = default;
  static void destroy(const Register* reg);
  // What the register takes from its address on.
  [[nodiscard]] static std::size_t bytes_of(std::size_t key_size, std::size_t value_size,
                                            std::uint8_t flags);
  [[nodiscard]] bool is_kept() const { return (flags_ & kept_flag) != 0; }
  [[nodiscard]] const Kept* kept() const { return reinterpret_cast<const Kept*>(this) - 1; }
  // Behind the last field, not behind what the compiler fills up to the next word.
  [[nodiscard]] const std::uint8_t* tail() const {
    return reinterpret_cast<const std::uint8_t*>(this) + header_bytes();
  }
  [[nodiscard]] static constexpr std::size_t header_bytes() {
    return offsetof(Register, flags_) + sizeof flags_;
  }

  std::uint64_t time_and_counter_;  // 48 and 16 bits
  std::uint64_t node_id_;
  std::uint32_t key_size_;
  std::uint32_t value_size_;                      // 0 for a tombstone
  mutable std::atomic<std::uint32_t> owners_{1};  // who made it is the first
  // Those of the map that it is in, which is one at most: where it is, and the hash of its key.
  mutable std::uint32_t slot_ = 0;
  mutable std::uint32_t hash_ = 0;
  std::uint8_t flags_;
};

// Shares ownership of a Register, as std::shared_ptr<const Register> would, but is one word and
// counts inside the register: a map of many small registers pays no control block for each.
// Copying and destroying are thread-safe; a single RegisterPtr is not.
class RegisterPtr {
 public:
  RegisterPtr() = default;
  RegisterPtr(std::nullptr_t) {}
  // Becomes one more owner of a register that is null or owned.
  explicit RegisterPtr(const Register* reg) : reg_(reg) { share(); }
  RegisterPtr(const RegisterPtr& other) : reg_(other.reg_) { share(); }
  RegisterPtr(RegisterPtr&& other) noexcept : reg_(std::exchange(other.reg_, nullptr)) {}
  RegisterPtr& operator=(RegisterPtr other) noexcept {
    std::swap(reg_, other.reg_);
    return *this;
  }
  ~RegisterPtr() { release(); }

  [[nodiscard]] const Register* get() const { return reg_; }
  const Register& operator*() const { return *reg_; }
  const Register* operator->() const { return reg_; }
  explicit operator bool() const { return reg_ != nullptr; }
  // The same object, not equal contents.
  friend bool operator==(const RegisterPtr& a, const RegisterPtr& b) { return a.reg_ == b.reg_; }
  friend bool operator==(const RegisterPtr& a, std::nullptr_t) { return a.reg_ == nullptr; }

 private:
  friend class Register;
  // Becomes the owner that a register just made has.
  static RegisterPtr first(const Register* reg) {
    RegisterPtr ptr;
    ptr.reg_ = reg;
    return ptr;
  }
  void share() const {
    if (reg_ != nullptr) reg_->owners_.fetch_add(1, std::memory_order_relaxed);
  }
  void release() const {
    if (reg_ != nullptr && reg_->owners_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      Register::destroy(reg_);
    }
  }

  const Register* reg_ = nullptr;
};

// The value of `reg`, sent from where it is.
[[nodiscard]] ei_codec::SharedPiece shared_value(const RegisterPtr& reg);

}  // namespace groot::store
