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
  size_ = 0;
  while (left_ > 0 && size_ < batch_.size()) {
    if (!repeated_) [[likely]] {
      --left_;
      if (read_one(batch_[size_], key_scratch_[size_])) ++size_;
      continue;
    }
    pass_over_repeated();
    if (left_ == 0) break;
    const ByteView ahead = reader_.ahead();
    if (read_one(batch_[size_], key_scratch_[size_])) {
      pairs_[size_] = {ahead.first(ahead.size() - reader_.left()), place_};
      ++size_;
    }
    ++place_;
    --left_;
  }
  return std::span(batch_).first(size_);
}

void RegistersReader::pass_over_repeated() {
  const store::Repeated repeated = repeated_(reader_.ahead(), place_, left_);
  reader_.skip(repeated.bytes);
  place_ += repeated.pairs;
  left_ -= static_cast<std::uint32_t>(repeated.pairs);
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
