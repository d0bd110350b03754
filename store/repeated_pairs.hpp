// What a peer's last complete state consisted of, by its bytes.
//
// A stock node sends all that it holds every 10 to 20 s, in an order that its keys decide, and most
// of it as before. A pair of key and register that comes again where it is expected is known by a
// hash of its bytes, which takes a small part of the time that reading and merging it takes.
//
// Says that these bytes showed the register of this slot; whether our version is still the one that
// they showed, PeerKnowledge says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ei_codec/bytes.hpp"
#include "store/hash_key.hpp"
#include "store/register_map.hpp"

namespace groot::store {

// A pair of a state, as it came: key and register, encoded one after the other. `place` counts the
// pairs of the state, from 0.
struct ShownPair {
  ei_codec::ByteView bytes;
  std::size_t place = 0;
};

// How many pairs came again, and how many bytes they are.
struct Repeated {
  std::size_t pairs = 0;
  std::size_t bytes = 0;
};

class RepeatedPairs {
 public:
  struct Pair {
    std::uint64_t hash = 0;
    std::uint32_t size = 0;  // of its bytes; 0: they are not known
    Slot slot = 0;
  };

  // `secret`: nobody who chooses values knows it, and so no two values of one hash.
  explicit RepeatedPairs(const HashSecret& secret) : secret_(secret) {}

  // A state begins; the one before is what is expected.
  void begin();
  // What `ahead` begins with, if that is the pair expected next; else null.
  [[nodiscard]] const Pair* next(ei_codec::ByteView ahead) const;
  // The pair at `place` of the state under way, counted from 0, is the one that next has told.
  void repeated(std::size_t place);
  // It is another one, which is to be read.
  void differs(std::size_t place);
  // What was read at `place`, later: its slot, and its bytes if they are to be known again.
  void read(std::size_t place, Slot slot, ei_codec::ByteView bytes);
  // The state under way is complete.
  void end();
  void forget();

 private:
  Pair& at(std::size_t place);

  HashSecret secret_;
  std::vector<Pair> last_;    // of the last complete state
  std::vector<Pair> now_;     // of the one under way
  std::size_t expected_ = 0;  // in last_
  std::size_t misses_ = 0;    // since a pair came again
};

}  // namespace groot::store
