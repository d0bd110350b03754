#include "cnode/process/registers_reader.hpp"

#include <algorithm>

namespace groot::process {
namespace {

// Four atoms' names, three integers and a stamp's struct name take more than that.
constexpr std::size_t register_bytes_min = 80;

}  // namespace

std::size_t RegistersReader::left() const {
  return std::min<std::size_t>(left_, reader_.left() / register_bytes_min);
}

std::span<const store::RegisterView> RegistersReader::next() {
  std::size_t size = 0;
  while (left_ > 0 && size < batch_.size()) {
    --left_;
    if (read_one(batch_[size], key_scratch_[size])) ++size;
  }
  return std::span(batch_).first(size);
}

bool RegistersReader::read_one(store::RegisterView& reg, Bytes& key_scratch) {
  // The key stands in the register as well, and counts there.
  const TermReader::Outlined outer = reader_.take_outlined();
  if (shape_.read(reader_, outer, reg, key_scratch)) [[likely]]
    return true;
  TermReader general = reader_;
  const ScannedTerm term = reader_.take_term();
  const auto read = read_register(general, key_scratch);
  if (!read) {
    if (malformed_++ == 0) first_error_ = read.error();
    return false;
  }
  reg = *read;
  shape_.learn(term);
  return true;
}

}  // namespace groot::process
