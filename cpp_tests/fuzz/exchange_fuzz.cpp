// Invariant: an exchange message that decodes is encoded again byte for byte, and names only ranges
// that the trie has.
#include <cstdint>
#include <cstdlib>

#include "cnode/process/exchange_messages.hpp"
#include "cnode/process/term_append.hpp"

using namespace groot;
using ei_codec::Bytes;
using ei_codec::ByteView;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes cast;
  process::append_tuple(cast, 2);
  process::append_atom(cast, "exchange");
  process::append_binary(cast, ei_codec::as_text({data, size}));
  const auto message = process::decode_exchange(ei_codec::ScannedTerm::trusted(cast));
  if (!message) return 0;

  // {'$gen_cast', Cast}
  Bytes wanted;
  process::append_tuple(wanted, 2);
  process::append_atom(wanted, "$gen_cast");
  process::append_bytes(wanted, cast);
  Bytes written;
  encode_exchange(*message).append_to(written);
  if (!ei_codec::same_bytes(written, wanted)) std::abort();

  if (const auto* compare = std::get_if<process::ExchangeCompare>(&message->body)) {
    for (const auto& entry : compare->entries) {
      if (!entry.prefix.is_valid() || entry.children.size() != entry.prefix.child_count()) {
        std::abort();
      }
    }
  }
  return 0;
}
