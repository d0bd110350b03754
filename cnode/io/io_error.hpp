// Why the node cannot do what its own program asks of it.
#pragma once

#include <system_error>

namespace groot::io {

enum class io_errc {
  left_cluster = 1,  // the node is stopping or has stopped: nothing was written, nothing is sent
  overloaded,        // the network thread takes nothing any more: nothing was written
};

[[nodiscard]] const std::error_category& io_category();
[[nodiscard]] std::error_code make_error_code(io_errc code);

}  // namespace groot::io

template <>
struct std::is_error_code_enum<groot::io::io_errc> : std::true_type {};
