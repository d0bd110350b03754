// Invariant: bytes that pass the gate can be skipped, checked, made canonical, decoded, printed and
// encoded again; the only errors are too_deep and duplicate_key, and all steps agree on them.
// Canonical bytes pass the gate and are their own canonical form.

#include <algorithm>
#include <cstdint>

#include "ei_codec/canonical.hpp"
#include "ei_codec/codec_error.hpp"
#include "ei_codec/term_decode.hpp"
#include "ei_codec/term_encode.hpp"
#include "ei_codec/term_reader.hpp"

namespace {

using namespace groot;
using namespace groot::ei_codec;

bool documented(const Error& error) {
  return error.code == codec_errc::too_deep || error.code == codec_errc::duplicate_key;
}

// Every take_* on the term and on each term inside, down to a depth that recursion can hold.
void read_all(ScannedTerm term, int depth) {
  const auto with_fresh = [&](auto take) {
    TermReader reader(term);
    return take(reader);
  };
  (void)with_fresh([](TermReader& r) { return r.kind(); });
  (void)with_fresh([](TermReader& r) { return r.take_int64(); });
  (void)with_fresh([](TermReader& r) { return r.take_uint64(); });
  (void)with_fresh([](TermReader& r) { return r.take_atom("true"); });
  (void)with_fresh([](TermReader& r) { return r.take_any_atom(); });
  (void)with_fresh([](TermReader& r) { return r.take_binary(); });
  (void)with_fresh([](TermReader& r) { return r.take_string(); });
  (void)with_fresh([](TermReader& r) { return r.take_nil(); });
  TermReader reader(term);
  std::uint64_t inside = 0;
  if (const auto arity = reader.take_tuple()) inside = *arity;
  if (const auto pairs = reader.take_map()) inside = 2 * std::uint64_t{*pairs};
  if (const auto count = reader.take_list()) inside = std::uint64_t{*count} + 1;
  if (depth == 0) return;
  for (; inside > 0; --inside) read_all(reader.take_term(), depth - 1);
}

void check_tree(ScannedTerm term, const Bytes& key) {
  const Term tree = decode_term(term).value();
  invariant(tree == tree, "a term equals itself");
  invariant(tree == decode_term(ScannedTerm::trusted(key)).value(), "the key is the same term");
  const Bytes encoded = encode_term(tree);
  const auto again = scan_whole_term(encoded);
  invariant(again.has_value(), "what we encode passes the gate");
  invariant(canonical(*again).value() == key, "encoding keeps the term");
  (void)to_text(tree, Syntax::elixir);
  (void)to_text(tree, Syntax::erlang);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes input(data, data + size);  // its own allocation: reading past it is seen
  const auto term = scan_term(input);
  if (!term) {
    invariant(!term.error().code.message().empty(), "an error has a reason");
    return 0;
  }
  read_all(*term, 200);
  invariant(TermReader(*term).take_term().size() == term->size(),
            "skipping ends where the gate does");

  const auto unique = check_unique_keys(*term);
  const auto key = canonical(*term);
  if (!unique) invariant(documented(unique.error()), "an error of check_unique_keys is documented");
  if (!key) {
    invariant(documented(key.error()), "an error of canonical is documented");
    invariant(!decode_term(*term), "what has no canonical form has no tree");
    return 0;
  }
  invariant(unique.has_value(), "canonical finds every duplicate");
  const auto rescanned = scan_whole_term(*key);
  invariant(rescanned.has_value(), "canonical bytes pass the gate");
  invariant(canonical(*rescanned).value() == *key, "canonical is idempotent");
  invariant(is_list(*rescanned) == is_list(*term), "the key is a list when the term is one");
  check_tree(*term, *key);
  return 0;
}
