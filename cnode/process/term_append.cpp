#include "cnode/process/term_append.hpp"

namespace groot::process {

void append_atom(Bytes& out, std::string_view name) {
  ei_codec::ByteWriter writer(out);
  if (name.size() <= 0xff) {
    writer.u8(119).u8(static_cast<std::uint8_t>(name.size())).text(name);
  } else {
    writer.u8(118).u16(static_cast<std::uint16_t>(name.size())).text(name);
  }
}

}  // namespace groot::process
