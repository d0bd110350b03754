// Invariants: a data file with whatever bytes in it is refused, or what it holds can be loaded and
// written over; the process never ends by it. Damage that shows only then is found at the next
// start: what is loaded is always what was written.
//
// Input: groups of four bytes, three of a place in a small file, one that is put there. A group
// that begins with 255 cuts the file at its place.
#include <string>

#include "cnode/disk/disk_error.hpp"
#include "cpp_tests/disk/support.hpp"
#include "cpp_tests/fuzz/asserts.hpp"

using namespace groot;
using namespace groot::disk;
using namespace groot::disk::testing;

namespace {

// Registers with and without deadlines, tombstones, long keys and values on pages of their own.
std::string whole_file() {
  const TempDir dir;
  {
    const auto database = opened(dir.path());
    Kept kept;
    for (std::size_t i = 0; i < 60; ++i) {
      kept.set("key" + std::to_string(i), std::string(i * 7, 'v'));
    }
    kept.set("limited", "1", 3'600'000);
    kept.set("large", std::string(20'000, 'x'));
    kept.set(std::string(700, 'k'), "long key");
    for (int i = 0; i < 20; ++i) kept.erase("key" + std::to_string(i));
    REQUIRE(kept.save(*database));
    REQUIRE(kept.save(*database));
  }
  return read_file(dir.file());
}

void load_and_write_over(const std::string& directory) {
  std::vector<store::RegisterPtr> registers;
  {
    auto database = Database::open({directory});
    if (!database) return;
    Replica replica(store::ReplicaOptions{.node_id = 2});
    if (!load_into(replica, **database, ttl_ms, {1'000, wall_start_ms})) return;
    registers = store::testing::registers(replica);
    Marks marks = (*database)->marks();
    marks.clock = replica.clock();
    if (!(*database)->replace(registers, marks, wall_start_ms)) return;
  }
  auto again = Database::open({directory});
  if (!again) {
    REQUIRE(again.error().code == disk_errc::damaged);
    return;
  }
  std::size_t count = 0;
  REQUIRE((*again)->load([&count](const store::KeptRegister&) { ++count; }));
  REQUIRE(count == registers.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::use_asserts();
  static const std::string whole = whole_file();
  std::string file = whole;
  for (std::size_t at = 0; at + 4 <= size && at < 256; at += 4) {
    if (file.empty()) break;
    const std::size_t place =
        ((data[at] & 0x0fu) << 16 | unsigned{data[at + 1]} << 8 | data[at + 2]) % file.size();
    if (data[at] == 255) {
      file.resize(place);
    } else {
      file[place] = static_cast<char>(data[at + 3]);
    }
  }
  const TempDir dir;
  write_file(dir.file(), file);
  load_and_write_over(dir.path());
  return 0;
}
