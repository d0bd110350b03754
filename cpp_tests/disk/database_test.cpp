#include "cnode/disk/database.hpp"

#include <fstream>
#include <lmdb.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

#include "cnode/disk/disk_error.hpp"
#include "cnode/disk/limits.hpp"
#include "cpp_tests/disk/support.hpp"

using namespace groot::disk;
using namespace groot::disk::testing;
namespace fs = std::filesystem;
using groot::ei_codec::Bytes;
using groot::store::testing::registers;

TEST_CASE("what is saved is loaded: values, deadlines, tombstones, the clock") {
  const TempDir dir;
  Kept kept;
  kept.set("a", "1");
  kept.set("b", "2");
  kept.set("a", "3");
  kept.set("brief", "4", 60'000);
  kept.erase("b");
  kept.erase("never there");
  {
    const auto database = opened(dir.path());
    CHECK(database->marks().alive_ms == 0);
    REQUIRE(kept.save(*database));
  }
  CHECK(contents_of(dir.path()) == contents(kept.replica));
  CHECK(contents_of(dir.path()).size() == 4);
  const auto database = opened(dir.path());
  CHECK(database->marks().alive_ms == kept.now.wall_ms);
  CHECK(database->marks().clock.time_ms == kept.replica.clock().time_ms);
  CHECK(database->marks().clock.counter == kept.replica.clock().counter);
}

TEST_CASE("stamps of a later run are above all of an earlier one, though its clock was ahead") {
  const TempDir dir;
  Kept kept;
  kept.replica.receive_timestamp(kept.stamp(200'000), kept.now);
  kept.set("a", "1");
  REQUIRE(kept.save(*opened(dir.path())));
  const auto database = opened(dir.path());
  Replica later(groot::store::ReplicaOptions{.node_id = 2});
  const groot::store::Now before{0, wall_start_ms - 90'000};
  REQUIRE(load_into(later, *database, ttl_ms, before));
  CHECK(later.send_timestamp(before) > kept.replica.clock());
}

TEST_CASE("wall time was set back: stamps are above those that a crash kept from the file") {
  const TempDir dir;
  Kept kept;
  kept.set("a", "1");
  REQUIRE(kept.save(*opened(dir.path())));
  kept.pass(59'000);
  const auto lost = kept.replica.send_timestamp(kept.now);
  Replica later(groot::store::ReplicaOptions{.node_id = 2});
  const groot::store::Now before{0, wall_start_ms - 90'000};
  REQUIRE(load_into(later, *opened(dir.path()), ttl_ms, before));
  CHECK(later.send_timestamp(before) > lost);
}

TEST_CASE("what expired meanwhile becomes the tombstone that it left, and is saved as such") {
  const TempDir dir;
  Kept kept;
  kept.set("brief", "1", 1'000);
  kept.set("kept", "2");
  REQUIRE(kept.save(*opened(dir.path())));
  kept.pass(1'000);
  kept.replica.wake(kept.now, kept.effects);
  const auto database = opened(dir.path());
  Replica later(groot::store::ReplicaOptions{.node_id = 2});
  REQUIRE(load_into(later, *database, ttl_ms, kept.now));
  groot::store::Effects effects;
  later.wake(kept.now, effects);
  CHECK(contents(later) == contents(kept.replica));
  CHECK(later.size() == 1);
  REQUIRE(database->save(later.take_journal(),
                         {later.clock(), kept.now.wall_ms, later.journal_end()}, kept.now.wall_ms));
}

TEST_CASE("a tombstone's time goes on where it was, and what is dropped is gone from the file") {
  const TempDir dir;
  const groot::store::ReplicaOptions options{.node_id = 1, .tombstone_ttl_ms = 10'000};
  Kept kept(options);
  kept.set("a", "1");
  kept.erase("a");
  REQUIRE(kept.save(*opened(dir.path())));
  Kept later(options);
  later.now = kept.now;
  later.pass(9'000);
  const auto database = opened(dir.path());
  REQUIRE(load_into(later.replica, *database, ttl_ms, later.now));
  later.replica.wake(later.now, later.effects);
  CHECK(contents(later.replica).size() == 1);
  later.pass(1'000);
  later.replica.wake(later.now, later.effects);
  CHECK(contents(later.replica).empty());
  REQUIRE(later.save(*database));
  std::size_t left = 0;
  REQUIRE(database->load([&left](const groot::store::KeptRegister&) { ++left; }));
  CHECK(left == 0);
}

TEST_CASE("clear empties the file, and what follows it stays") {
  const TempDir dir;
  Kept kept;
  const auto save = [&] { REQUIRE(kept.save(*opened(dir.path()))); };
  for (int i = 0; i < 1'000; ++i) kept.set("key" + std::to_string(i), "v");
  save();
  kept.replica.clear(kept.effects);
  kept.set("after", "1");
  save();
  CHECK(contents_of(dir.path()) == contents(kept.replica));
  CHECK(contents_of(dir.path()).size() == 1);
}

TEST_CASE("the file grows by itself, and large values and keys are no matter") {
  const TempDir dir;
  Kept kept;
  const Bytes large(std::size_t{20} << 20, 'x');
  for (int i = 0; i < 6; ++i) {
    Bytes key = term("large" + std::to_string(i));
    key.resize(1'000, 'k');
    REQUIRE(kept.replica.set(key, large, std::nullopt, kept.now, kept.effects));
  }
  REQUIRE(kept.save(*opened(dir.path())));
  CHECK(fs::file_size(dir.file()) > map_bytes_first);
  CHECK(contents_of(dir.path()).size() == 6);
}

TEST_CASE(
    "a file that may not grow any more says so, keeps what it has, and takes smaller things") {
  const TempDir dir;
  Kept kept;
  const auto database = opened(dir.path(), data_bytes_min);
  kept.set("before", "1");
  REQUIRE(kept.save(*database));
  const Bytes large(data_bytes_min, 'x');
  REQUIRE(kept.replica.set(term("large"), large, std::nullopt, kept.now, kept.effects));
  const auto refused = kept.save(*database);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == disk_errc::full);
  CHECK(refused.error().text().find("--data-max-size") != std::string::npos);
  kept.set("after", "2");
  REQUIRE(kept.save(*database));
  kept.erase("large");
  const auto all = registers(kept.replica);
  REQUIRE(database->replace(all, kept.marks(), kept.now.wall_ms));
  std::size_t held = 0;
  REQUIRE(database->load([&held](const groot::store::KeptRegister&) { ++held; }));
  CHECK(held == 3);
}

TEST_CASE("replace makes the file hold exactly what it is given") {
  const TempDir dir;
  Kept kept;
  for (int i = 0; i < 300; ++i) kept.set("old" + std::to_string(i), "v");
  REQUIRE(kept.save(*opened(dir.path())));
  Kept other;
  other.now = kept.now;
  other.pass(10);
  for (int i = 200; i < 400; ++i) other.set("old" + std::to_string(i), "w");
  other.erase("old250");
  const auto all = registers(other.replica);
  REQUIRE(opened(dir.path())->replace(all, other.marks(), other.now.wall_ms));
  CHECK(contents_of(dir.path()) == contents(other.replica));
}

TEST_CASE("a directory is made where there is none, for its owner only") {
  const TempDir dir;
  const std::string deep = dir.file("a/b");
  CHECK(refusal(deep).text().empty() == false);
  CHECK_FALSE(refusal(deep).code);
  struct stat status {};
  REQUIRE(::stat(deep.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0700);
}

TEST_CASE("what cannot be a data directory is refused, and left as it is") {
  const TempDir dir;
  SUBCASE("a file") {
    write_file(dir.file("f"), "x");
    CHECK(refusal(dir.file("f")).code == disk_errc::unusable);
    CHECK(refusal(dir.file("f/below")).code == disk_errc::unusable);
  }
  SUBCASE("no place at all") {
    CHECK(refusal("/proc/none").code == disk_errc::unusable);
  }
  SUBCASE("somebody's directory") {
    write_file(dir.file("letter.txt"), "dear");
    CHECK(refusal(dir.path()).code == disk_errc::foreign);
    CHECK(refusal(dir.path()).text().find("letter.txt") != std::string::npos);
    CHECK(std::distance(fs::directory_iterator(dir.path()), {}) == 1);
  }
  SUBCASE("an LMDB file of somebody else") {
    MDB_env* env = nullptr;
    MDB_txn* txn = nullptr;
    MDB_dbi table = 0;
    REQUIRE(::mdb_env_create(&env) == 0);
    REQUIRE(::mdb_env_open(env, dir.path().c_str(), 0, 0600) == 0);
    REQUIRE(::mdb_txn_begin(env, nullptr, 0, &txn) == 0);
    REQUIRE(::mdb_dbi_open(txn, nullptr, 0, &table) == 0);
    std::string word = "word";
    MDB_val val{word.size(), word.data()};
    REQUIRE(::mdb_put(txn, table, &val, &val, 0) == 0);
    REQUIRE(::mdb_txn_commit(txn) == 0);
    ::mdb_env_close(env);
    const std::string before = read_file(dir.file());
    CHECK(refusal(dir.path()).code == disk_errc::foreign);
    CHECK(read_file(dir.file()) == before);
  }
  SUBCASE("one in use") {
    const auto database = opened(dir.path());
    const groot::Error error = refusal(dir.path());
    CHECK(error.code == disk_errc::in_use);
    CHECK(error.text().find("process " + std::to_string(::getpid())) != std::string::npos);
  }
}

TEST_CASE("what a start that never finished has left is a directory like a new one") {
  const TempDir dir;
  write_file(dir.file("groot.lock"), "123\n");
  write_file(dir.file(), "");
  CHECK(contents_of(dir.path()).empty());
}

TEST_CASE("a file that was deleted, or moved, is noticed at the next commit and made anew") {
  const TempDir dir;
  const std::string path = dir.file("data");
  Kept kept;
  kept.set("a", "1");
  auto database = opened(path);
  REQUIRE(kept.save(*database));
  const auto replace = [&] {
    const auto all = registers(kept.replica);
    return database->replace(all, kept.marks(), kept.now.wall_ms);
  };
  kept.set("b", "2");
  SUBCASE("with the directory") {
    fs::remove_all(path);
    CHECK(kept.save(*database).error().code == disk_errc::gone);
  }
  SUBCASE("moved with the directory") {
    fs::rename(path, dir.file("moved"));
    CHECK(kept.save(*database).error().code == disk_errc::gone);
  }
  SUBCASE("alone, by a note that the node is there") {
    fs::remove(path + "/data.mdb");
    CHECK(database->save({}, {}, 0).error().code == disk_errc::gone);
  }
  SUBCASE("with another directory in its place") {
    fs::rename(path, dir.file("moved"));
    fs::create_directory(path);
    CHECK(kept.save(*database).error().code == disk_errc::gone);
  }
  SUBCASE("while commits failed for another reason") {
    fs::remove_all(path);
    write_file(path, "x");
    CHECK(kept.save(*database).error().code == disk_errc::gone);
    CHECK(replace().error().code == disk_errc::unusable);
    fs::remove(path);
  }
  REQUIRE(replace());
  CHECK(refusal(path).code == disk_errc::in_use);
  database.reset();
  CHECK(contents_of(path) == contents(kept.replica));
}

TEST_CASE("what stands where the file was is left as it is") {
  const TempDir dir;
  const std::string path = dir.file("data");
  Kept kept;
  kept.set("a", "1");
  auto database = opened(path);
  REQUIRE(kept.save(*database));
  fs::rename(path, dir.file("moved"));
  Kept other;
  other.set("other", "1");
  SUBCASE("other files") {
    fs::create_directory(path);
    write_file(path + "/letter.txt", "dear");
  }
  SUBCASE("another data directory") {
    REQUIRE(other.save(*opened(path)));
  }
  CHECK(database->save({}, {}, 0).error().code == disk_errc::gone);
  const auto all = registers(kept.replica);
  CHECK(database->replace(all, {}, 0).error().code == disk_errc::foreign);
  CHECK(database->save({}, {}, 0).error().code == disk_errc::foreign);
  if (fs::exists(path + "/data.mdb")) {
    database.reset();
    CHECK(contents_of(path) == contents(other.replica));
  } else {
    CHECK(std::distance(fs::directory_iterator(path), {}) == 1);
  }
}
