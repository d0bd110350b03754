// From what the user asked for to what the node runs with: full names, a cookie, checked peers.
#pragma once

#include <chrono>
#include <string>
#include <system_error>
#include <vector>

#include "cnode/cookie.hpp"
#include "cnode/dist/node_name.hpp"
#include "cnode/node.hpp"

namespace groot {

enum class options_errc {
  bad_name = 1,  // our own name cannot be one, or its host cannot be found out
  bad_peer,      // a name in `connect` that this node could never reach
  no_cookie,     // no usable cookie in any place
  bad_value,     // a number out of its range
};

[[nodiscard]] const std::error_category& options_category();
[[nodiscard]] std::error_code make_error_code(options_errc code);

// A hundred years: above, sums with the time of day overflow one day.
inline constexpr std::chrono::seconds tombstone_ttl_max{100LL * 365 * 24 * 60 * 60};

struct ResolvedOptions {
  dist::NodeName self;
  Cookie cookie;
  std::vector<dist::NodeName> connect;
};

// The host's own names, as far as the system tells. Either may be empty.
struct HostNames {
  std::string short_name;  // up to the first dot
  std::string full_name;   // fully qualified
};
// Finding the full one may ask the resolver; it is left out unless wanted.
[[nodiscard]] HostNames host_names(bool want_full);

// The node's name with its host, by the rules of `erl -sname` and `erl -name`. With no name in the
// options: RELEASE_NODE (RELEASE_DISTRIBUTION says of which kind: name or sname), else `groot`.
[[nodiscard]] Result<dist::NodeName> resolve_name(const NodeOptions& options,
                                                  const Environment& environment,
                                                  const HostNames& host);

// The same with this machine's own host names, which are looked up only where they are needed.
struct OwnName {
  dist::NodeName name;
  bool long_names = false;  // of the kind of --name rather than --sname
};
[[nodiscard]] Result<OwnName> own_name(const NodeOptions& options, const Environment& environment);

// Everything that can be refused before a socket is opened.
[[nodiscard]] Result<ResolvedOptions> resolve(const NodeOptions& options,
                                              const Environment& environment);

}  // namespace groot

template <>
struct std::is_error_code_enum<groot::options_errc> : std::true_type {};
