// The process is killed in the middle of writing: what had been acknowledged is there.
#include <csignal>
#include <cstdint>
#include <string>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include <rapidcheck.h>

#include "cpp_tests/disk/support.hpp"

using namespace groot::disk;
using namespace groot::disk::testing;
using groot::ei_codec::Bytes;

namespace {

// What a random script does, one step after the other: the same in the child that is killed and in
// the parent that checks.
class Steps {
 public:
  explicit Steps(std::uint64_t seed) : state_(seed * 2 + 1) {}

  void next(Kept& kept) {
    const std::string key = "key" + std::to_string(random(40));
    kept.pass(1);
    switch (random(20)) {
      case 0:
        kept.replica.clear(kept.effects);
        break;
      case 1:
      case 2:
        kept.erase(key);
        break;
      case 3:
        kept.set(key, "brief", 5);
        break;
      case 4: {
        const Bytes large(30'000 + random(10'000), 'x');
        REQUIRE(kept.replica.set(term(key), large, std::nullopt, kept.now, kept.effects));
        break;
      }
      default:
        kept.set(key, std::to_string(random(1'000)));
    }
    kept.replica.wake(kept.now, kept.effects);
    kept.effects.clear();
  }

 private:
  std::uint64_t random(std::uint64_t below) {
    state_ = state_ * 6'364'136'223'846'793'005 + 1'442'695'040'888'963'407;
    return (state_ >> 33) % below;
  }
  std::uint64_t state_;
};

// In the child: saves after each step, and says so in one byte.
[[noreturn]] void write_until_killed(const std::string& directory, std::uint64_t seed, int tell) {
  auto database = Database::open({directory});
  if (!database) ::_exit(1);
  Kept kept;
  Steps steps(seed);
  while (true) {
    steps.next(kept);
    if (!kept.save(**database)) ::_exit(2);
    const char byte = 's';
    if (::write(tell, &byte, 1) != 1) ::_exit(3);
  }
}

// How many steps the child had acknowledged when it died: some more than `least`.
std::size_t kill_after(const std::string& directory, std::uint64_t seed, std::size_t least) {
  int pipe[2];
  REQUIRE(::pipe(pipe) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) write_until_killed(directory, seed, pipe[1]);
  ::close(pipe[1]);
  std::size_t acknowledged = 0;
  char byte = 0;
  while (acknowledged < least && ::read(pipe[0], &byte, 1) == 1) ++acknowledged;
  ::kill(child, SIGKILL);
  while (::read(pipe[0], &byte, 1) == 1) ++acknowledged;
  ::close(pipe[0]);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  return acknowledged;
}

}  // namespace

TEST_CASE("what is loaded is what was stored, whatever was done in whatever portions") {
  CHECK(rc::check([](std::uint64_t seed, std::uint8_t count) {
    const TempDir dir;
    Kept kept;
    Steps steps(seed);
    auto database = opened(dir.path());
    for (int i = 0; i < count; ++i) {
      steps.next(kept);
      if (i % 7 == 0) RC_ASSERT(kept.save(*database).has_value());
      if (i % 50 == 49) {
        database.reset();
        database = opened(dir.path());
      }
    }
    RC_ASSERT(kept.save(*database).has_value());
    database.reset();
    RC_ASSERT(contents_of(dir.path(), kept.now.wall_ms) == contents(kept.replica));
  }));
}

TEST_CASE("killed at any moment: all that was acknowledged is there, and at most one step more") {
  for (std::uint64_t round = 0; round < 20; ++round) {
    CAPTURE(round);
    const TempDir dir;
    const std::size_t acknowledged = kill_after(dir.path(), round, 1 + round * 7);
    Kept kept;
    Steps steps(round);
    for (std::size_t i = 0; i < acknowledged; ++i) steps.next(kept);
    const Contents found = contents_of(dir.path(), kept.now.wall_ms);
    if (found == contents(kept.replica)) continue;
    steps.next(kept);
    CHECK(found == contents(kept.replica));
  }
}
