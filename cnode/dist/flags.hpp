// Distribution flags (distribution.md section 3; OTP's dist.h). Frozen: they are on the wire.
#pragma once

#include <cstdint>
#include <string>

namespace groot::dist {

enum class Flag : std::uint64_t {
  published = 0x1,
  extended_references = 0x4,
  dist_monitor = 0x8,
  fun_tags = 0x10,
  dist_monitor_name = 0x20,
  new_fun_tags = 0x80,
  extended_pids_ports = 0x100,
  export_ptr_tag = 0x200,
  bit_binaries = 0x400,
  new_floats = 0x800,
  unicode_io = 0x1000,
  small_atom_tags = 0x4000,
  utf8_atoms = 0x10000,
  map_tag = 0x20000,
  big_creation = 0x40000,
  send_sender = 0x80000,
  big_seqtrace_labels = 0x100000,
  exit_payload = 0x400000,
  fragments = 0x800000,
  handshake_23 = 0x1000000,
  unlink_id = 0x2000000,
  mandatory_25_digest = 0x4000000,
  spawn = 0x100000000,
  v4_nc = 0x400000000,
  alias = 0x800000000,
};

class Flags {
 public:
  constexpr Flags() = default;
  explicit constexpr Flags(std::uint64_t bits) : bits_(bits) {}
  [[nodiscard]] constexpr bool has(Flag flag) const {
    return (bits_ & static_cast<std::uint64_t>(flag)) != 0;
  }
  [[nodiscard]] constexpr std::uint64_t bits() const { return bits_; }
  friend constexpr Flags operator&(Flags a, Flags b) { return Flags(a.bits_ & b.bits_); }
  friend constexpr bool operator==(Flags, Flags) = default;

 private:
  std::uint64_t bits_ = 0;
};

// What we offer (distribution.md section 11), and what we require of a peer.
inline constexpr Flags hidden_flags{0xd07df5fbc};
inline constexpr Flags mandatory_flags{0x403070f94};
// A link is visible when both sides offer PUBLISHED.
[[nodiscard]] constexpr Flags offered_flags(bool visible) {
  const auto published = static_cast<std::uint64_t>(Flag::published);
  return visible ? Flags(hidden_flags.bits() | published) : hidden_flags;
}

// The flags of a peer, with the digest bit written out as the flags that it stands for.
[[nodiscard]] Flags expand_digest(Flags peer);
// "FLAG_A, FLAG_B" of `wanted` that `offered` lacks; empty when none.
[[nodiscard]] std::string missing_flags(Flags wanted, Flags offered);

}  // namespace groot::dist
