#include "cnode/dist/node_name.hpp"

#include <algorithm>

#include "cnode/dist/dist_error.hpp"
#include "cnode/dist/limits.hpp"

namespace groot::dist {

namespace {

bool is_alive_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

// Printable ASCII: a name from the wire goes into logs as it is.
bool is_host_character(char c) {
  return c > ' ' && c < 0x7f && c != '@';
}

}  // namespace

Result<NodeName> NodeName::parse(std::string_view text) {
  // Not repeated in the error when it could be anything.
  if (text.size() > node_name_bytes_max) {
    return {dist_errc::bad_node_name, "over 255 bytes"};
  }
  const std::size_t at = text.find('@');
  if (at == std::string_view::npos) return {dist_errc::bad_node_name, "no @"};
  const std::string_view alive = text.substr(0, at);
  const std::string_view host = text.substr(at + 1);
  if (alive.empty() || !std::ranges::all_of(alive, is_alive_character)) {
    return {dist_errc::bad_node_name,
            "the part before the @ is one or more letters, digits, _ and -"};
  }
  if (host.empty() || !std::ranges::all_of(host, is_host_character)) {
    return {dist_errc::bad_node_name, "the part after the @ is no host"};
  }
  NodeName name;
  name.full_ = text;
  return name;
}

std::string_view NodeName::alive() const {
  return std::string_view(full_).substr(0, full_.find('@'));
}

std::string_view NodeName::host() const {
  const std::size_t at = full_.find('@');
  return at == std::string::npos ? std::string_view() : std::string_view(full_).substr(at + 1);
}

bool NodeName::is_long() const {
  return host().find_first_of(".:") != std::string_view::npos;
}

}  // namespace groot::dist
