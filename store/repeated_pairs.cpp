#include "store/repeated_pairs.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace groot::store {
namespace {

// How far a pair is looked for from where it was expected: so many keys may be new, or gone, side
// by side. Past it all that is left is read, and known again the next time.
constexpr std::size_t look_around = 256;

// In halves, which the processor hashes side by side.
std::uint64_t hash_of(ei_codec::ByteView pair, const HashSecret& secret) {
  const std::size_t half = pair.size() / 2;
  const std::uint64_t start = secret.words[0];
  return fold(hash_bytes(pair.first(half), secret, start),
              hash_bytes(pair.subspan(half), secret, ~start));
}

}  // namespace

void RepeatedPairs::begin() {
  now_.clear();
  now_.reserve(last_.size());
  expected_ = 0;
  misses_ = 0;
}

const RepeatedPairs::Pair* RepeatedPairs::next(ei_codec::ByteView ahead) const {
  if (expected_ >= last_.size()) return nullptr;
  const Pair& pair = last_[expected_];
  if (pair.size == 0 || pair.size > ahead.size()) return nullptr;
  return hash_of(ahead.first(pair.size), secret_) == pair.hash ? &pair : nullptr;
}

void RepeatedPairs::repeated(std::size_t place) {
  at(place) = last_[expected_++];
  misses_ = 0;
}

void RepeatedPairs::differs(std::size_t place) {
  at(place) = {};
  ++expected_;
  ++misses_;
}

void RepeatedPairs::read(std::size_t place, Slot slot, ei_codec::ByteView bytes) {
  Pair& pair = at(place);
  pair.slot = slot;
  if (!bytes.empty() && bytes.size() <= std::numeric_limits<std::uint32_t>::max()) {
    pair.hash = hash_of(bytes, secret_);
    pair.size = static_cast<std::uint32_t>(bytes.size());
  }
  // One pair in place of another leaves the order as it was. Where one is new or gone, nothing that
  // follows is where it is expected: the last that was read tells where that is.
  if (misses_ < 2 || place + 1 != now_.size()) return;
  const std::size_t from = expected_ - std::min(expected_, look_around);
  const std::size_t to = std::min(expected_ + look_around, last_.size());
  for (std::size_t i = from; i < to; ++i) {
    if (last_[i].slot == slot) {
      expected_ = i + 1;
      return;
    }
  }
}

void RepeatedPairs::end() {
  last_ = std::exchange(now_, {});
}

void RepeatedPairs::forget() {
  last_ = std::vector<Pair>();
  now_ = std::vector<Pair>();
}

RepeatedPairs::Pair& RepeatedPairs::at(std::size_t place) {
  if (place >= now_.size()) now_.resize(place + 1);
  return now_[place];
}

}  // namespace groot::store
