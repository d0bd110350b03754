// Readers on threads of their own while the owner writes: for ThreadSanitizer, and for torn reads.
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "cpp_tests/store/script.hpp"
#include "store/replica.hpp"

using namespace groot::store;
using namespace groot::store::testing;

TEST_CASE("readers see whole registers, never one older than they saw before") {
  constexpr int keys = 50;
  constexpr int rounds = 200;
  constexpr int readers = 3;
  std::vector<Bytes> names;
  for (int k = 0; k < keys; ++k) names.push_back(term("key" + std::to_string(k)));

  Script s;
  std::atomic<bool> done{false};
  std::atomic<int> torn{0};
  std::atomic<int> backwards{0};
  std::atomic<int> reading{0};
  std::atomic<long> seen{0};
  std::vector<std::jthread> threads;
  for (int t = 0; t < readers; ++t) {
    threads.emplace_back([&] {
      std::vector<Timestamp> last(keys);
      ++reading;
      while (!done) {
        for (std::size_t k = 0; k < keys; ++k) {
          const RegisterPtr reg = s.replica.get(names[k], wall_start_ms);
          if (!reg) continue;
          ++seen;
          // The value repeats the key, then a round's number.
          const std::string value = text_of(reg->value());
          if (value.rfind("key" + std::to_string(k) + "/", 0) != 0) ++torn;
          if (!groot::ei_codec::same_bytes(reg->key(), names[k])) ++torn;
          if (reg->stamp() < last[k]) ++backwards;
          last[k] = reg->stamp();
        }
        if (s.replica.size() > 100'000) ++torn;
      }
    });
  }
  while (reading < readers) std::this_thread::yield();

  for (int round = 0; round < rounds; ++round) {
    for (int k = 0; k < keys; ++k) {
      const std::string key = "key" + std::to_string(k);
      s.set(key, key + "/" + std::to_string(round));
      if (k % 7 == round % 7) s.erase(key);
      // Other keys come all the time, so that tables grow under the readers.
      s.set("extra" + std::to_string(round) + "/" + std::to_string(k), "x");
    }
    if (round % 50 == 49) s.replica.clear(s.effects);
    s.effects.clear();
  }
  // On a busy machine the readers may not have had their turn yet.
  s.set("key0", "key0/end");
  const long before = seen;
  while (seen == before) std::this_thread::yield();
  done = true;
  threads.clear();
  CHECK(torn == 0);
  CHECK(backwards == 0);
}
