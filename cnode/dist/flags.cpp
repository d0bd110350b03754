#include "cnode/dist/flags.hpp"

#include <array>
#include <utility>

namespace groot::dist {

namespace {

// All that OTP 25 made mandatory, for which the digest bit stands.
constexpr std::uint64_t mandatory_25 = 0x1070f94;

constexpr std::array<std::pair<Flag, const char*>, 25> flag_names{{
    {Flag::published, "PUBLISHED"},
    {Flag::extended_references, "EXTENDED_REFERENCES"},
    {Flag::dist_monitor, "DIST_MONITOR"},
    {Flag::fun_tags, "FUN_TAGS"},
    {Flag::dist_monitor_name, "DIST_MONITOR_NAME"},
    {Flag::new_fun_tags, "NEW_FUN_TAGS"},
    {Flag::extended_pids_ports, "EXTENDED_PIDS_PORTS"},
    {Flag::export_ptr_tag, "EXPORT_PTR_TAG"},
    {Flag::bit_binaries, "BIT_BINARIES"},
    {Flag::new_floats, "NEW_FLOATS"},
    {Flag::unicode_io, "UNICODE_IO"},
    {Flag::small_atom_tags, "SMALL_ATOM_TAGS"},
    {Flag::utf8_atoms, "UTF8_ATOMS"},
    {Flag::map_tag, "MAP_TAG"},
    {Flag::big_creation, "BIG_CREATION"},
    {Flag::send_sender, "SEND_SENDER"},
    {Flag::big_seqtrace_labels, "BIG_SEQTRACE_LABELS"},
    {Flag::exit_payload, "EXIT_PAYLOAD"},
    {Flag::fragments, "FRAGMENTS"},
    {Flag::handshake_23, "HANDSHAKE_23"},
    {Flag::unlink_id, "UNLINK_ID"},
    {Flag::mandatory_25_digest, "MANDATORY_25_DIGEST"},
    {Flag::spawn, "SPAWN"},
    {Flag::v4_nc, "V4_NC"},
    {Flag::alias, "ALIAS"},
}};

}  // namespace

Flags expand_digest(Flags peer) {
  return peer.has(Flag::mandatory_25_digest) ? Flags(peer.bits() | mandatory_25) : peer;
}

std::string missing_flags(Flags wanted, Flags offered) {
  std::string names;
  for (const auto& [flag, name] : flag_names) {
    if (!wanted.has(flag) || offered.has(flag)) continue;
    if (!names.empty()) names += ", ";
    names += name;
  }
  return names;
}

}  // namespace groot::dist
