#include <type_traits>

#include "cnode/dist/control.hpp"

namespace groot::dist {

namespace {

std::string text(const Pid& pid) {
  return to_text(Term(pid), ei_codec::Syntax::erlang);
}
std::string text(const std::string& name) {
  return to_text(ei_codec::atom(name), ei_codec::Syntax::erlang);
}
std::string text(const Reference& reference) {
  return to_text(Term(reference), ei_codec::Syntax::erlang);
}
std::string text(const Target& target) {
  if (const auto* pid = std::get_if<Pid>(&target)) return text(*pid);
  return text(std::get_if<Atom>(&target)->name);
}

std::string name_of(const LinkTo&) {
  return "LINK";
}
std::string name_of(const Send&) {
  return "SEND";
}
std::string name_of(const Exit&) {
  return "EXIT";
}
std::string name_of(const Unlink&) {
  return "UNLINK";
}
std::string name_of(const RegSend&) {
  return "REG_SEND";
}
std::string name_of(const GroupLeader&) {
  return "GROUP_LEADER";
}
std::string name_of(const Exit2&) {
  return "EXIT2";
}
std::string name_of(const MonitorP&) {
  return "MONITOR_P";
}
std::string name_of(const DemonitorP&) {
  return "DEMONITOR_P";
}
std::string name_of(const MonitorPExit&) {
  return "MONITOR_P_EXIT";
}
std::string name_of(const SpawnReply&) {
  return "SPAWN_REPLY";
}
std::string name_of(const AliasSend&) {
  return "ALIAS_SEND";
}
std::string name_of(const UnlinkId&) {
  return "UNLINK_ID";
}
std::string name_of(const UnlinkIdAck&) {
  return "UNLINK_ID_ACK";
}

}  // namespace

std::string to_text(const Control& control) {
  return std::visit(
      [](const auto& message) {
        using Message = std::decay_t<decltype(message)>;
        if constexpr (std::is_same_v<Message, SpawnRequest>) {
          return "SPAWN_REQUEST of " + text(message.module) + ":" + text(message.function) + "/" +
                 std::to_string(message.arity);
        } else {
          return name_of(message) + " to " + text(message.to);
        }
      },
      control);
}

}  // namespace groot::dist
