// Why bytes or text were not accepted as a term.
#pragma once

#include <system_error>

namespace groot::ei_codec {

enum class codec_errc {
  truncated = 1,      // the bytes end inside a term
  trailing_bytes,     // one term was expected, more bytes follow it
  bad_version,        // the version byte 131 is missing
  unknown_tag,        // a tag that no peer may send us
  bad_atom,           // an atom of over 255 characters, or not UTF-8
  bad_float,          // a float that is not finite or, in the old text form, not a number
  bad_fun,            // a fun whose size field does not match its contents
  bad_identifier,     // a pid, port or reference with a node that is no atom or a wrong word count
  duplicate_key,      // a map that holds one key twice
  bad_bits,           // a bit string whose last byte claims no bit, or more than eight
  too_large,          // more bytes than the limit
  too_deep,           // more levels of nesting than the limit
  too_many_terms,     // more terms than the limit
  not_representable,  // a term that the wanted form cannot hold
  bad_text,           // text that is no term
};

[[nodiscard]] const std::error_category& codec_category();
[[nodiscard]] std::error_code make_error_code(codec_errc code);

}  // namespace groot::ei_codec

template <>
struct std::is_error_code_enum<groot::ei_codec::codec_errc> : std::true_type {};
