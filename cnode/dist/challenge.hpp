// The proof of the cookie: MD5 of the cookie's bytes and the challenge in ASCII decimal
// (distribution.md section 2; OTP's dist_util:gen_digest/2).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace groot::dist {

using Digest = std::array<std::uint8_t, 16>;

[[nodiscard]] Digest make_digest(std::string_view cookie, std::uint32_t challenge);

// Compares in a time that does not depend on where the two differ.
[[nodiscard]] bool same_digest(const Digest& a, const Digest& b);

}  // namespace groot::dist
