// Why a user's request to the store was refused. Nothing changed when one of these comes back.
#pragma once

#include <system_error>

namespace groot::store {

enum class store_errc {
  value_too_large = 1,  // over the --max-value-size limit
  key_too_large,        // over key_bytes_max
  clock_exhausted,      // the key has the last stamp there is, or the clock is past the year 2200
  bad_expiry,           // expires_in is neither nil nor a whole number of milliseconds >= 0
};

[[nodiscard]] const std::error_category& store_category();
[[nodiscard]] std::error_code make_error_code(store_errc code);

}  // namespace groot::store

template <>
struct std::is_error_code_enum<groot::store::store_errc> : std::true_type {};
