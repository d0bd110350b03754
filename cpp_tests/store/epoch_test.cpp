#include "store/epoch.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <memory>
#include <pthread.h>
#include <string>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
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
  map.put(reg, map.hash(reg->key()));
}

// Names of keys that all begin their search at one place of one table.
std::vector<std::string> colliding_names(std::size_t count) {
  constexpr std::uint64_t shard_and_place = UINT64_C(0x3f) << 58 | 0xffff;
  const std::uint64_t wanted = hash_key(term("0"), {}) & shard_and_place & ~UINT64_C(0xfff0);
  std::vector<std::string> names;
  for (int i = 0; names.size() < count; ++i) {
    std::string name = std::to_string(i);
    const std::uint64_t hash = hash_key(term(name), {}) & shard_and_place & ~UINT64_C(0xfff0);
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
    map.erase(term("a"), map.hash(term("a")));
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
      map.erase(key, map.hash(key));
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
    map.erase(first, map.hash(first));
    ++turn;
    for (const std::string& name : names) {
      const Bytes key = term(name);
      map.erase(key, map.hash(key));
    }
  }
  done = true;
  readers.clear();
  CHECK(missed == 0);
}

// A reader that waits for the writer waits for as long as the writer has no processor.
TEST_CASE("a reader of an absent key does not wait for a writer that was stopped in an erase") {
  const std::vector<std::string> names = colliding_names(11);
  const Bytes absent = term(names.back());
  static std::atomic<int> stopped{0};
  static std::atomic<int> released{0};
  static std::atomic<bool> gave_up{false};
  stopped = 0;
  released = 0;
  std::signal(SIGUSR2, [](int) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    const int round = ++stopped;
    while (released < round && !gave_up) gave_up = std::chrono::steady_clock::now() > until;
  });
  RegisterMap map;
  std::atomic<bool> done{false};
  std::jthread writer([&] {
    std::vector<Bytes> keys;
    for (std::size_t i = 0; i + 1 < names.size(); ++i) keys.push_back(term(names[i]));
    while (!done) {
      for (std::size_t i = 0; i < keys.size(); ++i) put(map, names[i], "v", 1);
      // Those behind the first move up, each time.
      for (const Bytes& key : keys) map.erase(key, map.hash(key));
    }
  });
  for (int round = 1; round <= 400 && !gave_up; ++round) {
    pthread_kill(writer.native_handle(), SIGUSR2);
    while (stopped < round) std::this_thread::yield();
    {
      const ReadSection section;
      CHECK(map.find(section, absent) == nullptr);
    }
    released = round;
  }
  done = true;
  writer.join();
  std::signal(SIGUSR2, SIG_DFL);
  CHECK_FALSE(gave_up);
}

namespace {

// From now on the kernel refuses membarrier to this process, as a sandbox that is put up late does.
bool forbid_membarrier() {
  std::array<sock_filter, 4> program{{
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, __NR_membarrier},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | EPERM},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
  }};
  const sock_fprog filter{program.size(), program.data()};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter) == 0;
}

// What the process that is forbidden it ends with: 0 when all went well.
int read_without_membarrier() {
  RegisterMap map;
  put(map, "k", "0", 1);
  if (epoch::readers_fence) return 2;  // this kernel never had it
  std::atomic<bool> done{false};
  std::atomic<int> wrong{0};
  {
    std::vector<std::jthread> readers;
    for (int t = 0; t < 2; ++t) {
      readers.emplace_back([&, key = term("k")] {
        while (!done) {
          const ReadSection section;
          const Register* const reg = map.find(section, key);
          if (reg == nullptr || text_of(reg->value()) != std::to_string(reg->stamp().time_ms - 1))
            ++wrong;
        }
      });
    }
    const auto write = [&](std::uint64_t from, std::uint64_t to) {
      for (std::uint64_t i = from; i < to; ++i) put(map, "k", std::to_string(i), i + 1);
    };
    write(1, 2'000);
    if (!forbid_membarrier()) return 3;
    write(2'000, 20'000);
    done = true;
  }
  if (wrong != 0) return 4;
  if (!epoch::readers_fence) return 5;
  // And memory is still freed.
  Retired retired;
  std::weak_ptr<int> watch;
  retired.add(watched(watch));
  return watch.expired() ? 0 : 6;
}

}  // namespace

TEST_CASE("readers put the barrier themselves once the kernel no longer puts it") {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) _exit(read_without_membarrier());
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 2 || WEXITSTATUS(status) == 3) {
    MESSAGE("not tested: this system has no membarrier, or no seccomp");
    return;
  }
  CHECK(WEXITSTATUS(status) == 0);
}
