#include "store/register.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>

#include "ei_codec/limits.hpp"
#include "ei_codec/result.hpp"
#include "store/slab_allocator.hpp"

namespace groot::store {
namespace {

// External term format tags.
constexpr std::uint8_t nil_ext = 106;
constexpr std::uint8_t string_ext = 107;
constexpr std::uint8_t list_ext = 108;
constexpr std::uint8_t small_atom_utf8_ext = 119;

constexpr std::uint8_t nil_atom[] = {small_atom_utf8_ext, 3, 'n', 'i', 'l'};

// Returns what comes behind.
std::uint8_t* append(std::uint8_t* to, ByteView bytes) {
  if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
  return to + bytes.size();
}

// As text is ordered, through memcmp: most registers that arrive are the ones held, to the byte.
std::strong_ordering order_of_bytes(ByteView a, ByteView b) {
  const std::size_t common = std::min(a.size(), b.size());
  const int order = common == 0 ? 0 : std::memcmp(a.data(), b.data(), common);
  return order != 0 ? order <=> 0 : a.size() <=> b.size();
}

void* allocate(std::size_t size) {
  return registers_in_slabs ? slabs().allocate(size) : ::operator new(size);
}

void release(void* memory, std::size_t size) {
  registers_in_slabs ? slabs().free(memory, size) : ::operator delete(memory);
}

}  // namespace

ByteView nil_value() {
  return nil_atom;
}

std::strong_ordering merge_order(const RegisterView& a, const RegisterView& b) {
  if (const auto order = a.stamp <=> b.stamp; order != 0) return order;
  if (a.kind != b.kind) {
    return a.kind == RegisterKind::tombstone ? std::strong_ordering::greater
                                             : std::strong_ordering::less;
  }
  if (a.kind == RegisterKind::tombstone) return std::strong_ordering::equal;
  if (const auto order = order_of_bytes(a.value, b.value); order != 0) return order;
  return a.expires_at_ms <=> b.expires_at_ms;
}

RegisterView tombstone_of(ByteView key, const Timestamp& stamp) {
  return {key, nil_value(), stamp, RegisterKind::tombstone, std::nullopt};
}

RegisterView expiry_tombstone(const RegisterView& expired) {
  return tombstone_of(expired.key, just_above(expired.stamp));
}

Register::Register(const RegisterView& view, std::uint8_t flags)
    : time_and_counter_(view.stamp.time_ms << 16 | view.stamp.counter),
      node_id_(view.stamp.node_id),
      key_size_(static_cast<std::uint32_t>(view.key.size())),
      value_size_((flags & tombstone_flag) == 0 ? static_cast<std::uint32_t>(view.value.size())
                                                : 0),
      flags_(flags) {}

std::size_t Register::bytes_of(std::size_t key_size, std::size_t value_size, std::uint8_t flags) {
  std::size_t bytes = header_bytes() + key_size;
  if ((flags & kept_flag) == 0) bytes += value_size;
  if ((flags & expires_flag) != 0) bytes += sizeof(std::int64_t);
  if ((flags & hashed_flag) != 0) bytes += sizeof(std::uint64_t);
  return std::max(bytes, sizeof(Register));
}

RegisterPtr Register::make(const RegisterView& view) {
  constexpr auto size_max = std::numeric_limits<std::uint32_t>::max();
  invariant(view.key.size() <= size_max && view.value.size() <= size_max,
            "a register's key and value are under 4 GiB");
  invariant(view.stamp.time_ms <= time_ms_max, "a stamp's time is of 48 bits");
  const bool is_value = view.kind == RegisterKind::value;
  const ByteView value = is_value ? view.value : ByteView{};
  const bool keep = view.buffer != nullptr && value.size() >= ei_codec::kept_bytes_min &&
                    value.size() >= view.buffer->size() / 4;
  std::uint8_t flags = is_value ? 0 : tombstone_flag;
  if (keep) flags |= kept_flag;
  if (is_value && view.expires_at_ms) flags |= expires_flag;
  if (value.size() >= long_value_bytes_min) flags |= hashed_flag;

  const std::size_t before = keep ? sizeof(Kept) : 0;
  const std::size_t bytes = bytes_of(view.key.size(), value.size(), flags);
  auto* memory = static_cast<std::uint8_t*>(allocate(before + bytes));
  if (keep) new (memory) Kept{view.buffer->shared_from_this(), value.data()};
  auto* reg = new (memory + before) Register(view, flags);
  std::uint8_t* end = memory + before + header_bytes();
  end = append(end, view.key);
  if (!keep) end = append(end, value);
  if ((flags & expires_flag) != 0) {
    std::memcpy(end, &*view.expires_at_ms, sizeof *view.expires_at_ms);
    end += sizeof *view.expires_at_ms;
  }
  if ((flags & hashed_flag) != 0) {
    const std::uint64_t hash = hash_long_value(value);
    std::memcpy(end, &hash, sizeof hash);
  }
  return RegisterPtr::first(reg);
}

void Register::destroy(const Register* reg) {
  void* memory = const_cast<Register*>(reg);
  std::size_t bytes = bytes_of(reg->key_size_, reg->value_size_, reg->flags_);
  if (reg->is_kept()) {
    auto* kept = const_cast<Kept*>(reg->kept());
    kept->~Kept();
    memory = kept;
    bytes += sizeof(Kept);
  }
  reg->~Register();
  release(memory, bytes);
}

ei_codec::SharedPiece shared_value(const RegisterPtr& reg) {
  return {reg->value(), std::make_shared<const RegisterPtr>(reg)};
}

bool Register::key_is_list() const {
  if (key_size_ == 0) return false;
  const std::uint8_t tag = *tail();
  return tag == nil_ext || tag == string_ext || tag == list_ext;
}

}  // namespace groot::store
