// The cookie: where `erl` looks for it, and where a release puts it.
//
// Order: the option, the option's file, RELEASE_COOKIE, ~/.erlang.cookie, the same file below
// $XDG_CONFIG_HOME/erlang; when none is there, ~/.erlang.cookie is made as `erl` makes it (20
// random capital letters, mode 0400). The value is a secret: nothing here puts it into a text.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "ei_codec/result.hpp"

namespace groot {

// Looks a variable up in the process environment, or in a test's.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
[[nodiscard]] Environment process_environment();

struct Cookie {
  std::string value;
  std::string source;     // "RELEASE_COOKIE", "the file /home/a/.erlang.cookie"; for the log
  std::string file = {};  // empty: from none
};

// Errors: options_errc::no_cookie, with the sentence `erl` would print.
[[nodiscard]] Result<Cookie> find_cookie(const std::string& option, const std::string& option_file,
                                         const Environment& environment);

// The cookie that is now in the file that `cookie` is from. Errors: no_cookie, also where it is
// from no file.
[[nodiscard]] Result<Cookie> reread(const Cookie& cookie);

// A file as `erl` reads it: a regular one that its owner alone can access, printable ASCII, blanks
// and line ends at the end ignored.
[[nodiscard]] Result<std::string> read_cookie_file(const std::string& path);

}  // namespace groot
