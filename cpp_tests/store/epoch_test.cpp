#include "store/epoch.hpp"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "cpp_tests/store/script.hpp"
#include "store/register_map.hpp"

using namespace groot::store;
using namespace groot::store::testing;

namespace {

// Tells when it is freed.
std::shared_ptr<const void> watched(std::weak_ptr<int>& watch) {
  auto memory = std::make_shared<int>(1);
  watch = memory;
  return memory;
}

void put(RegisterMap& map, const std::string& key, const std::string& value, std::uint64_t time) {
  const RegisterPtr reg = make_value(key, value, {time, 0, 1});
  map.put(reg, hash_key(reg->key()));
}

// Names of keys that all begin their search at one place of one table.
std::vector<std::string> colliding_names(std::size_t count) {
  constexpr std::uint64_t shard_and_place = UINT64_C(0x3f) << 58 | 0xffff;
  const std::uint64_t wanted = hash_key(term("0")) & shard_and_place & ~UINT64_C(0xfff0);
  std::vector<std::string> names;
  for (int i = 0; names.size() < count; ++i) {
    std::string name = std::to_string(i);
    const std::uint64_t hash = hash_key(term(name)) & shard_and_place & ~UINT64_C(0xfff0);
    if (hash == wanted) names.push_back(std::move(name));
  }
  return names;
}

}  // namespace

TEST_CASE("what is retired is freed at once where nobody reads") {
  Retired retired;
  std::weak_ptr<int> watch;
  retired.add(watched(watch));
  CHECK(watch.expired());
  CHECK(retired.count() == 0);
}

TEST_CASE("what is retired stays for as long as somebody reads who began before") {
  Retired retired;
  std::weak_ptr<int> first;
  std::weak_ptr<int> second;
  {
    const ReadSection section;
    { const ReadSection nested; }
    retired.add(watched(first));
    CHECK_FALSE(first.expired());
    retired.add(watched(second));
    CHECK_FALSE(first.expired());
    CHECK(retired.count() == 2);
  }
  std::weak_ptr<int> third;
  retired.add(watched(third));
  CHECK(first.expired());
  CHECK(second.expired());
  CHECK(third.expired());
}

TEST_CASE("a reader in another thread holds back what it may see, and only that") {
  Retired retired;
  std::weak_ptr<int> before;
  std::weak_ptr<int> during;
  std::atomic<int> step{0};
  retired.add(watched(before));
  std::thread reader([&] {
    const ReadSection section;
    step = 1;
    while (step == 1) std::this_thread::yield();
  });
  while (step == 0) std::this_thread::yield();
  CHECK(before.expired());
  retired.add(watched(during));
  CHECK_FALSE(during.expired());
  step = 2;
  reader.join();
  std::weak_ptr<int> after;
  retired.add(watched(after));
  CHECK(during.expired());
  CHECK(after.expired());
}

TEST_CASE("registers wait for some company before they are freed, large ones do not") {
  Retired retired;
  const RegisterPtr small = make_value("a", "1", {1, 0, 1});
  retired.add(small);
  CHECK(retired.count() == 1);
  retired.add(make_value("b", std::string(100'000, 'x'), {1, 0, 1}));
  CHECK(retired.count() == 0);
  for (int i = 0; i < 1'000; ++i) retired.add(small);
  CHECK(retired.count() < 256);
}

TEST_CASE("a register that a reader has found stays whole while it is replaced and erased") {
  RegisterMap map;
  put(map, "a", "one", 1);
  {
    const ReadSection section;
    const Register* const reg = map.find(section, term("a"));
    REQUIRE(reg != nullptr);
    for (std::uint64_t i = 0; i < 1'000; ++i) put(map, "a", std::string(100, 'x'), 2 + i);
    map.erase(term("a"), hash_key(term("a")));
    CHECK(map.find(section, term("a")) == nullptr);
    map.clear();
    CHECK(text_of(reg->value()) == "one");
    CHECK(reg->stamp().time_ms == 1);
  }
}

// For ThreadSanitizer and AddressSanitizer, and for lookups that miss what is moved meanwhile.
TEST_CASE("readers find what is always there while its neighbours come, change and go") {
  constexpr int always = 400;
  constexpr int rounds = 150;
  RegisterMap map;
  std::vector<Bytes> keys;
  for (int i = 0; i < always; ++i) {
    keys.push_back(term("always" + std::to_string(i)));
    put(map, "always" + std::to_string(i), "0", 1);
  }
  std::atomic<bool> done{false};
  std::atomic<long> reads{0};
  std::atomic<int> missed{0};
  std::atomic<int> wrong{0};
  std::vector<std::jthread> readers;
  for (int t = 0; t < 3; ++t) {
    readers.emplace_back([&] {
      while (!done) {
        for (const Bytes& key : keys) {
          const ReadSection section;
          const Register* const reg = map.find(section, key);
          if (reg == nullptr) {
            ++missed;
          } else if (!groot::ei_codec::same_bytes(reg->key(), key) ||
                     text_of(reg->value()) != std::to_string(reg->stamp().time_ms - 1)) {
            ++wrong;
          }
          ++reads;
        }
      }
    });
  }
  while (reads < 3 * always) std::this_thread::yield();
  for (int round = 1; round <= rounds; ++round) {
    const std::string number = std::to_string(round);
    for (int i = 0; i < 200; ++i) put(map, "passing" + std::to_string(i), number, 1);
    for (int i = 0; i < always; i += 3) {
      put(map, "always" + std::to_string(i), number, static_cast<std::uint64_t>(round) + 1);
    }
    for (int i = 0; i < 200; ++i) {
      const Bytes key = term("passing" + std::to_string(i));
      map.erase(key, hash_key(key));
    }
  }
  const long before = reads;
  while (reads < before + 3 * always) std::this_thread::yield();
  done = true;
  readers.clear();
  CHECK(missed == 0);
  CHECK(wrong == 0);
  CHECK(map.size() == always);
}

TEST_CASE("a reader does not miss a register that closes a gap while it looks") {
  constexpr std::size_t chain = 10;
  constexpr int rounds = 5'000;
  const std::vector<std::string> names = colliding_names(chain);
  const Bytes first = term(names.front());
  const Bytes last = term(names.back());
  RegisterMap map;
  std::atomic<long> turn{0};  // odd while the last name is there
  std::atomic<bool> done{false};
  std::atomic<long> reads{0};
  std::atomic<int> missed{0};
  std::vector<std::jthread> readers;
  for (int t = 0; t < 2; ++t) {
    readers.emplace_back([&] {
      while (!done) {
        const long before = turn;
        const ReadSection section;
        const bool found = map.find(section, last) != nullptr;
        if (before % 2 == 1 && !found && turn == before) ++missed;
        ++reads;
      }
    });
  }
  for (int round = 0; round < rounds; ++round) {
    for (const std::string& name : names) put(map, name, "v", 1);
    ++turn;
    const long before = reads;
    while (reads < before + 2) std::this_thread::yield();
    // All that stand behind it move up.
    map.erase(first, hash_key(first));
    ++turn;
    for (const std::string& name : names) {
      const Bytes key = term(name);
      map.erase(key, hash_key(key));
    }
  }
  done = true;
  readers.clear();
  CHECK(missed == 0);
}
