#include "cnode/disk/committer.hpp"

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "cnode/disk/disk_error.hpp"
#include "cnode/disk/limits.hpp"
#include "cpp_tests/disk/other_process.hpp"
#include "cpp_tests/disk/owner.hpp"
#include "cpp_tests/support/scarce_memory.hpp"

using namespace groot::disk;
using namespace groot::disk::testing;
using groot::ei_codec::Bytes;
using namespace std::chrono_literals;

TEST_CASE("at once: whoever waits goes on when the write is in the file") {
  const TempDir dir;
  Owner owner(opened(dir.path()), Owner::at_once);
  REQUIRE(owner.set_and_wait("a", "1"));
  REQUIRE(owner.set_and_wait("b", "2"));
  owner.await_news(true);
  owner.close();
  const auto settled = owner.heard();
  REQUIRE_FALSE(settled.empty());
  CHECK(settled.back().end == 2);
  CHECK(settled.back().result);
}

TEST_CASE("at once: many writers share commits") {
  const TempDir dir;
  Owner owner(opened(dir.path()), Owner::at_once);
  constexpr int writers = 8;
  constexpr int writes = 50;
  std::atomic<int> failures{0};
  std::vector<std::thread> threads;
  for (int writer = 0; writer < writers; ++writer) {
    threads.emplace_back([&, writer] {
      for (int i = 0; i < writes; ++i) {
        const std::string key = std::to_string(writer) + "." + std::to_string(i);
        if (!owner.set_and_wait(key, "v")) ++failures;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(failures == 0);
  CHECK(owner.news < writers * writes);
  owner.close();
  CHECK(contents_of(dir.path()).size() == writers * writes);
}

TEST_CASE("in the background: nothing has to be asked for, and what is left is saved at the end") {
  const TempDir dir;
  Owner owner(opened(dir.path()), Owner::in_background);
  owner.set("a", "1");
  owner.set("b", "2");
  owner.await_saved();
  owner.set("c", "3");
  owner.close();
  CHECK(contents_of(dir.path()) == owner.contents());
  CHECK(owner.news == 0);
}

TEST_CASE("more than one batch at once") {
  const TempDir dir;
  Owner owner(opened(dir.path()), Owner::at_once);
  for (std::size_t i = 0; i < batch_entries_max * 2 + 10; ++i) {
    owner.change("key" + std::to_string(i), "v");
  }
  REQUIRE(owner.hand_over_and_wait());
  owner.close();
  CHECK(contents_of(dir.path()).size() == batch_entries_max * 2 + 10);
}

TEST_CASE(
    "a full file: writers are told, memory goes on, and all of it is saved when there is room") {
  const TempDir dir;
  Owner owner(opened(dir.path(), data_bytes_min), Owner::at_once);
  REQUIRE(owner.set_and_wait("before", "1"));
  const Bytes large(data_bytes_min, 'x');
  owner.change("large", large);
  const auto refused = owner.hand_over_and_wait();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == disk_errc::not_saved);
  CHECK(refused.error().detail.find("--data-max-size") != std::string::npos);
  // What comes while the file is full.
  CHECK_FALSE(owner.set_and_wait("meanwhile", "2"));
  owner.await_news(false);
  CHECK(owner.committer->failure().has_value());
  // From here on there is room, for this change too: it is saved now, or with all the rest soon.
  owner.change("large", term("small"));
  (void)owner.hand_over_and_wait();
  owner.await_recovery();
  const auto failure = owner.committer->failure();
  CHECK_MESSAGE(!failure, failure.value_or(""));
  const auto after = owner.set_and_wait("after", "3");
  REQUIRE_MESSAGE(after, after.error().text());
  owner.close();
  CHECK(contents_of(dir.path()) == owner.contents());
}

TEST_CASE("after the end nobody waits for ever, and the file is free for the next") {
  const TempDir dir;
  Owner owner(opened(dir.path()), Owner::at_once);
  owner.committer->stop();
  const auto refused = owner.set_and_wait("late", "1");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == disk_errc::not_saved);
}

TEST_CASE("a node whose absence is not settled does not note that it is there") {
  const TempDir dir;
  const std::int64_t left_ms = wall_start_ms - 1'000'000;
  auto database = opened(dir.path());
  REQUIRE(database->save({}, {{}, left_ms}, left_ms));
  Owner owner(std::move(database), Owner::in_background);
  owner.committer->hold_alive(true);
  owner.set("a", "1");
  owner.close();
  CHECK(opened(dir.path())->marks().alive_ms == left_ms);
}

TEST_CASE("an idle node notes that it is there") {
  const TempDir dir;
  Owner owner(opened(dir.path()), Owner::in_background, 20);
  const std::int64_t before = owner.wall_ms;
  owner.wall_ms += 5'000;
  owner.await_noted();
  owner.close();
  CHECK(opened(dir.path())->marks().alive_ms >= before + 5'000);
}

TEST_CASE("a directory that is deleted: writers are told, and it is made anew with all of it") {
  const TempDir dir;
  const std::string path = dir.file("data");
  Owner owner(opened(path), Owner::at_once);
  REQUIRE(owner.set_and_wait("before", "1"));
  std::filesystem::remove_all(path);
  const auto refused = owner.set_and_wait("meanwhile", "2");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == disk_errc::not_saved);
  CHECK(refused.error().detail.find("is gone") != std::string::npos);
  owner.await_recovery();
  REQUIRE(owner.set_and_wait("after", "3"));
  owner.close();
  CHECK(contents_of(path) == owner.contents());
}

TEST_CASE("a disk that does not answer: who waits is told, and all is saved once it does") {
  const TempDir dir;
  Owner owner(opened(dir.path()), Owner::at_once, 60'000, 200ms);
  REQUIRE(owner.set_and_wait("before", "1"));
  OtherProcess holder(dir.path(), OtherProcess::writes);
  const auto refused = owner.set_and_wait("meanwhile", "2");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == disk_errc::not_saved);
  CHECK(refused.error().detail.find("has not answered for 200 ms") != std::string::npos);
  // From here on nobody waits at all.
  const auto asked = std::chrono::steady_clock::now();
  CHECK_FALSE(owner.set_and_wait("later", "3"));
  CHECK(std::chrono::steady_clock::now() - asked < 150ms);
  CHECK(owner.committer->failure().has_value());
  holder.kill();
  owner.await_recovery();
  REQUIRE(owner.set_and_wait("after", "4"));
  owner.close();
  CHECK(contents_of(dir.path()) == owner.contents());
}

TEST_CASE(
    "the end does not wait for a disk that does not answer, and takes nothing out of the file") {
  const TempDir dir;
  const auto before = [&dir] {
    Owner owner(opened(dir.path()), Owner::at_once);
    REQUIRE(owner.set_and_wait("before", "1"));
    OtherProcess holder(dir.path(), OtherProcess::writes);
    owner.set("lost", "2");
    const auto asked = std::chrono::steady_clock::now();
    owner.close();
    CHECK(std::chrono::steady_clock::now() - asked < 2 * last_commit_time_min);
    const auto late = owner.set_and_wait("late", "3");
    REQUIRE_FALSE(late);
    CHECK(late.error().detail.find("did not answer") != std::string::npos);
    return owner.contents();
  }();
  // The thread closes the file when it goes on, though its owner is gone.
  const auto free_again = [&dir] { return refusal(dir.path()).code != disk_errc::in_use; };
  for (int tries = 0; tries < 2'000 && !free_again(); ++tries) std::this_thread::sleep_for(10ms);
  REQUIRE(free_again());
  const Contents held = contents_of(dir.path());
  CHECK(before.size() == 3);
  CHECK(held.size() >= 1);
  for (const auto& one : held) {
    CHECK(std::find(before.begin(), before.end(), one) != before.end());
  }
}

TEST_CASE("more than may wait for the disk: nobody is refused, and all of it is saved") {
  const TempDir dir;
  Owner owner(opened(dir.path()), Owner::at_once);
  REQUIRE(owner.set_and_wait("before", "1"));
  OtherProcess holder(dir.path(), OtherProcess::writes);
  const Bytes large(std::size_t{8} << 20, 'x');
  std::vector<Committer::Receipt> receipts(queue_bytes_max / large.size() + 2);
  int count = 0;
  for (Committer::Receipt& receipt : receipts) {
    owner.change("large" + std::to_string(count++ % 4), large);
    owner.hand_over(&receipt);
  }
  holder.kill();
  for (Committer::Receipt& receipt : receipts) CHECK(owner.committer->wait(receipt));
  CHECK_FALSE(owner.committer->failure().has_value());
  REQUIRE(owner.set_and_wait("after", "2"));
  owner.close();
  CHECK(contents_of(dir.path()) == owner.contents());
}

TEST_CASE("without memory: writers are told, and all of it is saved when there is some again") {
  const TempDir dir;
  Owner owner(opened(dir.path()), Owner::at_once);
  REQUIRE(owner.set_and_wait("before", "1"));
  owner.exceptions_left = 1;
  const auto refused = owner.set_and_wait("meanwhile", "2");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == disk_errc::not_saved);
  // The next try fails as well.
  owner.exceptions_left = 1;
  owner.await_recovery();
  REQUIRE(owner.set_and_wait("after", "3"));
  owner.close();
  CHECK(contents_of(dir.path()) == owner.contents());
}

#if GROOT_MEMORY_CAN_BE_SCARCE
TEST_CASE("without memory for one change more: what was queued before does not come after it") {
  const TempDir dir;
  Owner owner(opened(dir.path()), Owner::at_once);
  REQUIRE(owner.set_and_wait("before", "1"));
  OtherProcess holder(dir.path(), OtherProcess::writes);
  const int looks = owner.looks();
  owner.set("under way", "1");
  owner.await_looks(looks + 1);
  // The commit under way may take what is queued first, but not what comes then.
  bool thrown = false;
  for (int i = 0; i < 3 && !thrown; ++i) {
    owner.set("key", "old");
    owner.change("key", "new");
    try {
      const groot::testing::ScarceMemory scarce(0);
      owner.hand_over();
    } catch (const std::bad_alloc&) {
      thrown = true;
    }
  }
  REQUIRE(thrown);
  holder.kill();
  owner.await_saved();
  owner.close();
  CHECK(contents_of(dir.path()) == owner.contents());
}
#endif
