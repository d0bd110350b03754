// Invariant: any text is read as a term or refused with a reason; a term that was read prints as
// text that reads as the same term, in both syntaxes, and has an encoding that passes the gate.

#include <cstdint>
#include <string_view>

#include "ei_codec/canonical.hpp"
#include "ei_codec/codec_error.hpp"
#include "ei_codec/term.hpp"
#include "ei_codec/term_encode.hpp"

namespace {

using namespace groot;
using namespace groot::ei_codec;

void check(std::string_view text, Syntax syntax) {
  const auto term = parse_term(text, syntax);
  if (!term) {
    invariant(term.error().code.category() == codec_category(), "a refusal says why");
    return;
  }
  for (const Syntax other : {Syntax::elixir, Syntax::erlang}) {
    const auto again = parse_term(to_text(*term, other), other);
    invariant(again.has_value() && *again == *term, "what is printed is read as the same term");
  }
  const Bytes encoded = encode_term(*term);
  const auto scanned = scan_whole_term(encoded);
  invariant(scanned.has_value(), "a term that was read has a valid encoding");
  invariant(canonical(*scanned).has_value(), "and a canonical one");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);
  check(text, Syntax::elixir);
  check(text, Syntax::erlang);
  return 0;
}
