// Invariant: whatever bytes come, the gate or the reader refuses them, or what the reader yields
// can be stored, written and read back to the same register; and nothing is read outside the bytes.
// A RegisterShape, learned from an earlier input or from this one, reads the same or nothing.
#include <cstdlib>

#include "cnode/process/register_codec.hpp"
#include "cnode/process/register_shape.hpp"
#include "ei_codec/canonical.hpp"
#include "ei_codec/term_scan.hpp"

using namespace groot;

namespace {

bool same(const store::RegisterView& a, const store::RegisterView& b) {
  return ei_codec::same_bytes(a.key, b.key) && ei_codec::same_bytes(a.value, b.value) &&
         a.stamp == b.stamp && a.kind == b.kind && a.expires_at_ms == b.expires_at_ms;
}

void check_shape(const process::RegisterShape& shape, ei_codec::ScannedTerm reg,
                 const Result<store::RegisterView>& expected) {
  static const ei_codec::Bytes other_key{119, 1, 'k'};
  for (const bool own_key : {false, true}) {
    if (own_key && !expected) continue;
    ei_codec::TermReader outer(
        ei_codec::ScannedTerm::trusted(own_key ? expected->key : ei_codec::ByteView(other_key)));
    const auto outlined = outer.take_outlined();
    ei_codec::TermReader reader(reg);
    ei_codec::Bytes scratch;
    store::RegisterView view;
    if (!shape.read(reader, outlined, view, scratch)) continue;
    if (!reader.done() || !expected || !same(view, *expected)) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // On the heap and of exact size, so that a read past the end is seen.
  const ei_codec::Bytes bytes(data, data + size);
  const auto scanned = ei_codec::scan_term(bytes);
  if (!scanned) return 0;
  ei_codec::Bytes scratch;
  ei_codec::TermReader reader(*scanned);
  const auto view = process::read_register(reader, scratch);
  static process::RegisterShape kept;
  check_shape(kept, *scanned, view);
  if (!view) return 0;
  process::RegisterShape own;
  own.learn(*scanned);
  check_shape(own, *scanned, view);
  kept.learn(*scanned);
  if (!reader.done()) std::abort();

  const auto canonical = ei_codec::canonical(ei_codec::ScannedTerm::trusted(view->key));
  if (!canonical || !ei_codec::same_bytes(*canonical, view->key)) std::abort();

  const auto reg = store::Register::make(*view);
  ei_codec::Bytes written;
  process::append_register(*reg, written);
  if (written.size() > process::register_bytes_max(*reg)) std::abort();
  const auto again = ei_codec::scan_whole_term(written);
  if (!again) std::abort();
  ei_codec::Bytes second_scratch;
  ei_codec::TermReader second(*again);
  const auto back = process::read_register(second, second_scratch);
  if (!back || !same(*back, reg->view())) std::abort();
  return 0;
}
