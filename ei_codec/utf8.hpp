// UTF-8 as Erlang takes it: no overlong form, no surrogate, at most U+10FFFF.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "ei_codec/bytes.hpp"

namespace groot::ei_codec {

// The number of characters, or nothing when the bytes are not UTF-8.
[[nodiscard]] std::optional<std::size_t> utf8_length(ByteView bytes);

// The character at `at`, which moves past it. Precondition: valid UTF-8, at < text.size().
[[nodiscard]] char32_t next_character(std::string_view text, std::size_t& at);

// False, and nothing appended, when `character` is a surrogate or past U+10FFFF.
bool append_character(char32_t character, std::string& out);

}  // namespace groot::ei_codec
