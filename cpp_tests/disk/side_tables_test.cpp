// What the file holds beside the registers.
#include "cnode/disk/side_tables.hpp"

#include <chrono>
#include <string>
#include <vector>

#include "cnode/disk/limits.hpp"
#include "cnode/disk/record.hpp"
#include "cpp_tests/disk/owner.hpp"
#include "cpp_tests/disk/support.hpp"

using namespace groot::disk;
using namespace groot::disk::testing;
using groot::store::KeptPeer;
using groot::store::KeptRegister;
using groot::store::Register;

namespace {

constexpr std::int64_t day_ms = 86'400'000;

std::vector<JournalEntry> one(JournalEntry::What what, const char* key, const char* value) {
  const Bytes key_bytes = term(key);
  const Bytes value_bytes = term(value);
  return {{what, Register::make({key_bytes, value_bytes, {1'700'000'000'000, 0, 9}})}};
}

std::vector<std::string> set_aside(const Database& database) {
  std::vector<std::string> keys;
  database.for_each_set_aside([&keys](const KeptRegister& kept) {
    keys.emplace_back(groot::ei_codec::as_text(kept.reg.key));
  });
  return keys;
}

std::string name_of(const char* key) {
  const Bytes bytes = term(key);
  return std::string(groot::ei_codec::as_text(bytes));
}

}  // namespace

TEST_CASE("peers are kept with what changed last, and forgotten ones are not") {
  const TempDir dir;
  const Marks marks{{}, wall_start_ms, 0};
  {
    const auto database = opened(dir.path());
    CHECK(database->peers().empty());
    const std::vector<KeptPeer> first{{"a@h", 5, {1, 2, 3}, 7}, {"b@h", 6, {}, 0}};
    REQUIRE(database->save({}, marks, wall_start_ms, first));
    const std::vector<KeptPeer> then{{"a@h", 8, {4}, 9}, {"b@h", 0, {}, 0}};
    REQUIRE(database->save({}, marks, wall_start_ms, then));
  }
  const auto peers = opened(dir.path())->peers();
  REQUIRE(peers.size() == 1);
  CHECK(peers[0].name == "a@h");
  CHECK(peers[0].linked_ms == 8);
  CHECK(peers[0].memory == Bytes{4});
  CHECK(peers[0].level == 9);
}

TEST_CASE("a name that is too long for the file is left out, and nothing fails") {
  const TempDir dir;
  const auto database = opened(dir.path());
  const std::vector<KeptPeer> peers{{std::string(1'000, 'n'), 5, {}, 0}, {"b@h", 6, {}, 0}};
  REQUIRE(database->save({}, {{}, wall_start_ms, 0}, wall_start_ms, peers));
  CHECK(database->peers().size() == 1);
}

TEST_CASE("who has not been linked for a month is forgotten at the next start") {
  const auto peers =
      peers_to_keep({{"a@h", wall_start_ms, {1}, 5}, {"b@h", wall_start_ms - 31 * day_ms, {1}, 5}},
                    wall_start_ms);
  CHECK(peers[0].linked_ms == wall_start_ms);
  CHECK(peers[1].linked_ms == 0);
  CHECK(peers[1].level == 0);
}

TEST_CASE(
    "what is set aside is no register, stays for a month, and goes when it is written again") {
  const TempDir dir;
  auto database = opened(dir.path());
  using What = JournalEntry::What;
  REQUIRE(database->save(one(What::stored, "a", "1"), {{}, wall_start_ms, 1}, wall_start_ms));
  REQUIRE(database->save(one(What::set_aside, "a", "1"), {{}, wall_start_ms, 2}, wall_start_ms));
  REQUIRE(database->save(one(What::set_aside, "b", "1"), {{}, wall_start_ms, 3}, wall_start_ms));
  CHECK(database->size() == 0);
  CHECK(set_aside(*database) == std::vector{name_of("a"), name_of("b")});
  SUBCASE("written again") {
    database.reset();
    database = opened(dir.path());
    REQUIRE(database->save(one(What::stored, "a", "2"), {{}, wall_start_ms, 4}, wall_start_ms));
    CHECK(set_aside(*database) == std::vector{name_of("b")});
  }
  SUBCASE("a month later") {
    for (const auto& [days, left] : {std::pair{29, 2}, {31, 0}}) {
      database.reset();
      database = opened(dir.path());
      const std::int64_t now_ms = wall_start_ms + days * day_ms;
      REQUIRE(database->save({}, {{}, now_ms, 3}, now_ms));
      CHECK(set_aside(*database).size() == static_cast<std::size_t>(left));
    }
  }
}

TEST_CASE("bring_back sets what was set aside again, but for what is held or past its time") {
  const TempDir dir;
  const auto database = opened(dir.path());
  using What = JournalEntry::What;
  const Bytes brief = term("brief");
  const Bytes value = term("1");
  std::vector<JournalEntry> entries = one(What::set_aside, "a", "1");
  entries.push_back(one(What::set_aside, "held", "1").front());
  entries.push_back({What::set_aside, Register::make({brief,
                                                      value,
                                                      {1'700'000'000'000, 0, 9},
                                                      groot::store::RegisterKind::value,
                                                      wall_start_ms + 5})});
  REQUIRE(database->save(entries, {{}, wall_start_ms, 3}, wall_start_ms));
  Kept later;
  later.pass(10);
  later.set("held", "2");
  const auto brought = bring_back(later.replica, *database, later.now);
  REQUIRE(brought.has_value());
  CHECK(*brought == 1);
  CHECK(later.get("a") == "1");
  CHECK(later.get("held") == "2");
  CHECK(later.get("brief") == "none");
  REQUIRE(later.save(*database));
  CHECK(set_aside(*database) == std::vector{name_of("brief")});
}

TEST_CASE("a file's memory is its own, also when it is opened again") {
  const TempDir dir;
  const auto memory = [&dir](std::uint64_t fresh) {
    return Database::open({dir.path(), 0, fresh}).value()->memory_id();
  };
  CHECK(memory(5) == 5);
  CHECK(memory(6) == 5);
}

TEST_CASE("journal numbers go on from one life to the next, and values have theirs") {
  const TempDir dir;
  {
    const auto database = opened(dir.path());
    Kept kept;
    kept.set("a", "1");
    kept.set("b", "1");
    REQUIRE(kept.save(*database));
  }
  const auto database = opened(dir.path());
  CHECK(database->marks().number == 2);
  std::vector<std::uint64_t> numbers;
  REQUIRE(database->load([&](const KeptRegister& kept) { numbers.push_back(kept.number); }));
  CHECK(numbers == std::vector<std::uint64_t>{1, 2});
  Kept later;
  REQUIRE(load_into(later.replica, *database, ttl_ms, later.now));
  later.set("c", "1");
  CHECK(later.replica.journal_end() == 3);
}

TEST_CASE("what is set aside while nothing can be saved is saved with the rest") {
  const TempDir dir;
  const std::string path = dir.file("data");
  {
    Owner owner(opened(path), Owner::at_once);
    REQUIRE(owner.set_and_wait("a", "1"));
    std::filesystem::remove_all(path);
    CHECK_FALSE(owner.hand_over_and_wait(one(JournalEntry::What::set_aside, "gone", "1")));
    owner.await_recovery();
    owner.close();
  }
  CHECK(set_aside(*opened(path)) == std::vector{name_of("gone")});
}

TEST_CASE("peers that could not be saved are saved with the next commit") {
  const TempDir dir;
  const std::string path = dir.file("data");
  {
    Owner owner(opened(path), Owner::at_once);
    REQUIRE(owner.set_and_wait("a", "1"));
    std::filesystem::remove_all(path);
    owner.committer->keep_peers({{"a@h", 5, {1}, 1}});
    CHECK_FALSE(owner.set_and_wait("b", "1"));
    owner.await_recovery();
    owner.close();
  }
  CHECK(opened(path)->peers().size() == 1);
}

TEST_CASE("a file of the format before is read, and goes on as one of this format") {
  const TempDir dir;
  {
    const auto database = opened(dir.path());
    Kept kept;
    kept.set("a", "1");
    REQUIRE(kept.save(*database));
  }
  {
    MDB_env* env = nullptr;
    REQUIRE(::mdb_env_create(&env) == 0);
    const Environment opened_env(env);
    ::mdb_env_set_maxdbs(env, 4);
    REQUIRE(::mdb_env_open(env, dir.path().c_str(), 0, 0600) == 0);
    Transaction txn;
    REQUIRE(txn.begin(env) == 0);
    MDB_dbi about = 0;
    MDB_dbi registers = 0;
    REQUIRE(::mdb_dbi_open(txn.get(), "about", 0, &about) == 0);
    REQUIRE(::mdb_dbi_open(txn.get(), "registers", 0, &registers) == 0);
    for (const char* table : {"peers", "set aside"}) {
      MDB_dbi side = 0;
      REQUIRE(::mdb_dbi_open(txn.get(), table, 0, &side) == 0);
      REQUIRE(::mdb_drop(txn.get(), side, 1) == 0);
    }
    const auto bytes = [](std::string_view text) { return groot::ei_codec::as_bytes(text); };
    REQUIRE(put(txn.get(), about, bytes("format"), bytes("groot 1")) == 0);
    REQUIRE(erase(txn.get(), about, bytes("number")) == 0);
    REQUIRE(erase(txn.get(), about, bytes("memory")) == 0);
    const Bytes key = term("old");
    const Bytes value = term("1");
    Bytes file_key;
    Bytes record;
    encode_file_key(key, file_key);
    encode_record(file_key, *Register::make({key, value, {1'700'000'000'000, 0, 9}}), 0, 0, record);
    REQUIRE(put(txn.get(), registers, file_key, record) == 0);
    REQUIRE(txn.commit() == 0);
  }
  CHECK(contents_of(dir.path()).size() == 2);
  const auto database = opened(dir.path());
  CHECK(database->marks().number == 0);
  const std::vector<KeptPeer> peers{{"a@h", 5, {1}, 1}};
  REQUIRE(database->save({}, {{}, wall_start_ms, 0}, wall_start_ms, peers));
  CHECK(database->peers().size() == 1);
}
