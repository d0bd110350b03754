#include "cnode/process/arguments.hpp"

#include "cnode/process/limits.hpp"
#include "cnode/process/term_append.hpp"
#include "ei_codec/term_reader.hpp"

namespace groot::process {

std::optional<Arguments> Arguments::read(ScannedTerm list) {
  ei_codec::TermReader reader(list);
  Arguments arguments(list);
  if (reader.take_nil()) return arguments;
  if (const auto string = reader.take_string()) {
    if (string->size() > arguments_max) return std::nullopt;
    for (const std::uint8_t byte : *string) append_unsigned(arguments.small_integers_, byte);
    for (std::size_t i = 0; i < string->size(); ++i) {
      arguments.elements_.push_back(
          ScannedTerm::trusted(ByteView(arguments.small_integers_).subspan(2 * i, 2)));
    }
    return arguments;
  }
  const auto count = reader.take_list();
  if (!count || *count > arguments_max) return std::nullopt;
  for (std::uint32_t i = 0; i < *count; ++i) arguments.elements_.push_back(reader.take_term());
  if (!reader.take_nil()) return std::nullopt;
  return arguments;
}

}  // namespace groot::process
