// Other processes that read the data file, and die at it or never end.
#include "cnode/disk/file_readers.hpp"

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include "cpp_tests/disk/other_process.hpp"
#include "cpp_tests/disk/owner.hpp"

using namespace groot::disk;
using namespace groot::disk::testing;
using groot::Result;
using namespace std::chrono_literals;

namespace {

// Overwrites one value so many times, each in a transaction of its own.
Result<void> overwrite(Kept& kept, Database& database, int times) {
  for (int i = 0; i < times; ++i) {
    kept.set("key", std::string(100'000, static_cast<char>('a' + i % 26)));
    if (auto saved = kept.save(database); !saved) return saved;
  }
  return {};
}

std::uintmax_t file_bytes(const TempDir& dir) {
  return std::filesystem::file_size(dir.file());
}

}  // namespace

TEST_CASE("a reader that was killed holds room no longer, once it has been looked who reads") {
  const TempDir dir;
  const auto database = opened(dir.path());
  Kept kept;
  REQUIRE(overwrite(kept, *database, 5));
  OtherProcess reader(dir.path(), OtherProcess::reads);
  reader.kill();
  const std::uintmax_t first = file_bytes(dir);
  REQUIRE(overwrite(kept, *database, 50));
  const std::uintmax_t grown = file_bytes(dir);
  CHECK(grown > first + 40 * 100'000);
  CHECK(database->look_at_readers(0).dead == 1);
  CHECK(database->look_at_readers(0).dead == 0);
  REQUIRE(overwrite(kept, *database, 50));
  CHECK(file_bytes(dir) < grown + 5 * 100'000);
}

TEST_CASE(
    "a file that may grow no more takes writes again where only a dead reader is in the way") {
  const TempDir dir;
  const auto database = opened(dir.path(), 4 << 20);
  Kept kept;
  REQUIRE(overwrite(kept, *database, 5));
  OtherProcess reader(dir.path(), OtherProcess::reads);
  reader.kill();
  CHECK(overwrite(kept, *database, 100));
}

TEST_CASE(
    "a reader that is at the same for two looks is slow, until it ends or reads something else") {
  const TempDir dir;
  const auto database = opened(dir.path());
  Kept kept;
  REQUIRE(overwrite(kept, *database, 2));
  OtherProcess reader(dir.path(), OtherProcess::reads);
  CHECK(database->look_at_readers(1'000).slow.empty());
  const auto look = database->look_at_readers(61'000);
  CHECK(look.dead == 0);
  REQUIRE(look.slow.size() == 1);
  CHECK(look.slow[0] == SlowReader{reader.pid(), 1'000});
  OtherProcess other(dir.path(), OtherProcess::reads);
  CHECK(database->look_at_readers(121'000).slow.size() == 1);
  CHECK(database->look_at_readers(181'000).slow.size() == 2);
  reader.kill();
  other.kill();
  const auto after = database->look_at_readers(241'000);
  CHECK(after.slow.empty());
  CHECK(after.dead == 2);
}

TEST_CASE("the commit thread looks who reads, idle or not, and tells it") {
  for (const bool writes : {false, true}) {
    const TempDir dir;
    Owner owner(opened(dir.path()), Owner::in_background, 30);
    owner.set("a", "1");
    owner.await_saved();
    OtherProcess reader(dir.path(), OtherProcess::reads);
    ReaderNews news;
    const auto await = [&](auto&& told) {
      const auto until = std::chrono::steady_clock::now() + 20s;
      while (!told()) {
        REQUIRE(std::chrono::steady_clock::now() < until);
        if (writes) owner.set("a", "2");
        news = owner.committer->reader_news();
        std::this_thread::yield();
      }
    };
    await([&] { return !news.slow.empty(); });
    CHECK(news.slow == std::vector<std::int64_t>{reader.pid()});
    const auto slow = owner.committer->slow_readers();
    REQUIRE(slow.size() == 1);
    CHECK(slow[0].pid == reader.pid());
    CHECK(slow[0].for_ms >= 0);
    CHECK(slow[0].for_ms < 20'000);
    const std::int64_t pid = reader.pid();
    reader.kill();
    await([&] { return !news.over.empty(); });
    CHECK(news.over == std::vector<std::int64_t>{pid});
    CHECK(news.dead == 1);
    CHECK(owner.committer->slow_readers().empty());
    owner.close();
  }
}
