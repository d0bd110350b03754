#include "store/register.hpp"

#include <algorithm>
#include <cstring>
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

void append(std::uint8_t* to, ByteView bytes) {
  if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
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

RegisterView expiry_tombstone(const RegisterView& expired) {
  return {expired.key, nil_value(), just_above(expired.stamp), RegisterKind::tombstone,
          std::nullopt};
}

Register::Register(const RegisterView& view, bool kept, bool expires)
    : time_ms_(view.stamp.time_ms),
      node_id_(view.stamp.node_id),
      key_size_(static_cast<std::uint32_t>(view.key.size())),
      value_size_(view.kind == RegisterKind::value ? static_cast<std::uint32_t>(view.value.size())
                                                   : 0),
      counter_(view.stamp.counter),
      kind_(view.kind),
      is_kept_(kept),
      expires_(expires) {}

RegisterPtr Register::make(const RegisterView& view) {
  constexpr auto size_max = std::numeric_limits<std::uint32_t>::max();
  invariant(view.key.size() <= size_max && view.value.size() <= size_max,
            "a register's key and value are under 4 GiB");
  const ByteView value = view.kind == RegisterKind::value ? view.value : ByteView{};
  const bool keep = view.buffer != nullptr && value.size() >= ei_codec::kept_bytes_min &&
                    value.size() >= view.buffer->size() / 4;
  const bool expires = view.kind == RegisterKind::value && view.expires_at_ms.has_value();
  const std::size_t before = keep ? sizeof(Kept) : 0;
  const std::size_t bytes = view.key.size() + (keep ? 0 : value.size());
  const std::size_t behind = bytes + (expires ? sizeof *view.expires_at_ms : 0);
  auto* memory = static_cast<std::uint8_t*>(allocate(before + sizeof(Register) + behind));
  if (keep) new (memory) Kept{view.buffer->shared_from_this(), value.data()};
  auto* reg = new (memory + before) Register(view, keep, expires);
  auto* tail = reinterpret_cast<std::uint8_t*>(reg + 1);
  append(tail, view.key);
  if (!keep) append(tail + view.key.size(), value);
  if (expires) std::memcpy(tail + bytes, &*view.expires_at_ms, sizeof *view.expires_at_ms);
  return RegisterPtr::first(reg);
}

void Register::destroy(const Register* reg) {
  void* memory = const_cast<Register*>(reg);
  std::size_t size = sizeof(Register) + reg->key_size_;
  if (reg->expires_) size += sizeof(std::int64_t);
  if (reg->is_kept_) {
    auto* kept = const_cast<Kept*>(reg->kept());
    kept->~Kept();
    memory = kept;
    size += sizeof(Kept);
  } else {
    size += reg->value_size_;
  }
  reg->~Register();
  release(memory, size);
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
