#include "cnode/options.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <memory>
#include <netdb.h>
#include <sstream>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "cnode/disk/limits.hpp"

namespace groot {
namespace {

// BEAM's own bounds for net_ticktime are wider; below this a busy machine drops healthy links.
constexpr std::chrono::seconds net_ticktime_min{4};
constexpr std::chrono::seconds net_ticktime_max{24 * 60 * 60};
// Half of the largest term a link accepts: one register must always fit into one message.
constexpr std::size_t value_size_max = std::size_t{512} << 20;
constexpr std::chrono::milliseconds tombstone_ttl_min{1000};

class OptionsCategory final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "groot.options"; }
  [[nodiscard]] std::string message(int value) const override {
    switch (static_cast<options_errc>(value)) {
      case options_errc::bad_name:
        return "invalid node name";
      case options_errc::bad_peer:
        return "invalid peer name";
      case options_errc::no_cookie:
        return "no cookie";
      case options_errc::bad_value:
        return "invalid option";
    }
    return "unknown error";
  }
};

Error bad_name(std::string detail) {
  return {options_errc::bad_name, std::move(detail)};
}

// The system's domain when the resolver file names one: what `erl` falls back on.
std::string resolver_domain() {
  std::ifstream file("/etc/resolv.conf");
  std::string line;
  std::string search;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string keyword;
    std::string domain;
    if (!(words >> keyword >> domain)) continue;
    if (keyword == "domain") return domain;
    if (keyword == "search" && search.empty()) search = domain;
  }
  return search;
}

std::string canonical_name(const std::string& host) {
  addrinfo hints{};
  hints.ai_flags = AI_CANONNAME;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return {};
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, &::freeaddrinfo);
  return found->ai_canonname == nullptr ? std::string() : found->ai_canonname;
}

bool has_dot(std::string_view host) {
  return host.find('.') != std::string_view::npos;
}
bool is_long_host(std::string_view host) {
  return has_dot(host) || host.find(':') != std::string_view::npos;
}

Result<std::string> own_host(bool long_names, const HostNames& host, const std::string& alive) {
  if (!long_names) {
    if (!host.short_name.empty()) return host.short_name;
    return bad_name("this machine has no host name; write " + alive + "@HOST");
  }
  if (!host.full_name.empty()) return host.full_name;
  return bad_name("this machine has no fully qualified host name; write " + alive +
                  "@HOST.DOMAIN, or use a short name");
}

// A node talks only to nodes whose names are of its own kind: the other side would refuse.
Result<dist::NodeName> check_peer(const std::string& text, bool long_names) {
  auto peer = dist::NodeName::parse(text);
  if (!peer) return Error{options_errc::bad_peer, "\"" + text + "\" is not of the form name@host"};
  if (!long_names && has_dot(peer->host())) {
    return Error{options_errc::bad_peer,
                 "\"" + text + "\" is a long name, but this node has a short one (use --name)"};
  }
  if (long_names && !is_long_host(peer->host())) {
    return Error{options_errc::bad_peer,
                 "\"" + text + "\" is a short name, but this node has a long one (use --sname)"};
  }
  return peer;
}

struct WantedName {
  std::string text;
  bool long_names = false;
};

WantedName wanted_name(const NodeOptions& options, const Environment& environment) {
  if (!options.name.empty()) return {options.name, options.long_names};
  const auto release = environment("RELEASE_NODE");
  if (!release || release->empty()) return {"groot", options.long_names};
  return {*release, environment("RELEASE_DISTRIBUTION").value_or("sname") == "name"};
}

}  // namespace

const std::error_category& options_category() {
  static const OptionsCategory category;
  return category;
}

std::error_code make_error_code(options_errc code) {
  return {static_cast<int>(code), options_category()};
}

HostNames host_names(bool want_full) {
  std::array<char, 256> buffer{};
  if (::gethostname(buffer.data(), buffer.size() - 1) != 0) return {};
  const std::string host(buffer.data());
  HostNames names;
  names.short_name = host.substr(0, host.find('.'));
  if (!want_full) return names;
  if (has_dot(host)) {
    names.full_name = host;
  } else if (const std::string domain = resolver_domain(); !domain.empty()) {
    names.full_name = host + "." + domain;
  } else if (const std::string canonical = canonical_name(host); has_dot(canonical)) {
    names.full_name = canonical;
  }
  return names;
}

Result<dist::NodeName> resolve_name(const NodeOptions& options, const Environment& environment,
                                    const HostNames& host) {
  const WantedName wanted = wanted_name(options, environment);
  const auto at = wanted.text.find('@');
  const std::string alive = wanted.text.substr(0, at);
  std::string full = wanted.text;
  if (at == std::string::npos) {
    auto own = own_host(wanted.long_names, host, alive);
    if (!own) return own.error();
    full = alive + "@" + *own;
  } else if (!wanted.long_names && has_dot(std::string_view(full).substr(at + 1))) {
    return bad_name("\"" + full + "\" as a short name: its host has a dot (use --name)");
  }
  auto name = dist::NodeName::parse(full);
  if (!name) return bad_name("\"" + full + "\": " + name.error().text());
  return name;
}

Result<OwnName> own_name(const NodeOptions& options, const Environment& environment) {
  const WantedName wanted = wanted_name(options, environment);
  const bool whole = wanted.text.find('@') != std::string::npos;
  auto name =
      resolve_name(options, environment, whole ? HostNames{} : host_names(wanted.long_names));
  if (!name) return name.error();
  return OwnName{std::move(*name), wanted.long_names};
}

Result<ResolvedOptions> resolve(const NodeOptions& options, const Environment& environment) {
  if (options.net_ticktime < net_ticktime_min || options.net_ticktime > net_ticktime_max) {
    return Error{options_errc::bad_value, "net_ticktime must be 4 to 86400 seconds"};
  }
  if (options.max_value_size == 0 || options.max_value_size > value_size_max) {
    return Error{options_errc::bad_value, "the largest value must be 1 byte to 512 MiB"};
  }
  if (options.tombstone_ttl < tombstone_ttl_min || options.tombstone_ttl > tombstone_ttl_max) {
    return Error{options_errc::bad_value, "tombstones must live for a second to a hundred years"};
  }
  if (options.data_max_size != 0 && options.data_max_size < disk::data_bytes_min) {
    return Error{options_errc::bad_value, "the largest data file must be 1 MiB or more"};
  }
  if (options.data_dir.empty() &&
      (options.durability == Durability::sync || options.data_max_size != 0)) {
    return Error{options_errc::bad_value, "nothing can be durable without a data directory"};
  }
  auto self = own_name(options, environment);
  if (!self) return self.error();
  ResolvedOptions resolved;
  resolved.self = std::move(self->name);
  for (const std::string& text : options.connect) {
    auto peer = check_peer(text, self->long_names);
    if (!peer) return peer.error();
    if (*peer == resolved.self) {
      return Error{options_errc::bad_peer, "\"" + text + "\" is this node itself"};
    }
    resolved.connect.push_back(std::move(*peer));
  }
  auto cookie = find_cookie(options.cookie, options.cookie_file, environment);
  if (!cookie) return cookie.error();
  resolved.cookie = std::move(*cookie);
  return resolved;
}

}  // namespace groot
