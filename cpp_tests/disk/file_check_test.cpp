// Damage of every kind to a file of many pages: it is found, or does not matter; never a crash.
#include "cnode/disk/file_check.hpp"

#include <string>

#include <rapidcheck.h>

#include "cnode/disk/disk_error.hpp"
#include "cpp_tests/disk/support.hpp"

using namespace groot::disk;
using namespace groot::disk::testing;
using groot::ei_codec::Bytes;

namespace {

constexpr std::size_t page_size = 4'096;

// A file of every kind of page, saved more than once so that some are free.
struct Sample {
  Sample() {
    Kept kept;
    const auto database = opened(dir.path());
    for (int round = 0; round < 3; ++round) {
      for (int i = 0; i < 600; ++i) kept.set("key" + std::to_string(i * 7919 % 600), "value");
      const Bytes large(20'000, static_cast<std::uint8_t>('a' + round));
      REQUIRE(kept.replica.set(term("large"), large, std::nullopt, kept.now, kept.effects));
      REQUIRE(kept.save(*database));
    }
    expected = contents(kept.replica);
    bytes = read_file(dir.file());
  }

  // The file with those bytes is refused and left as it is, or holds all. Where a name or a number
  // of a format has changed, it looks like the file of another program or version.
  [[nodiscard]] bool is_found_or_harmless(const std::string& changed) const {
    write_file(dir.file(), changed);
    const groot::Error error = refusal(dir.path());
    if (error.code) {
      const bool refused = error.code == disk_errc::damaged || error.code == disk_errc::foreign ||
                           error.code == disk_errc::newer_format;
      return refused && read_file(dir.file()) == changed;
    }
    return contents_of(dir.path()) == expected;
  }

  TempDir dir;
  Contents expected;
  std::string bytes;
};

}  // namespace

TEST_CASE("a whole file is whole") {
  const Sample sample;
  CHECK(check_file(sample.dir.file()));
  CHECK(check_file(sample.dir.file("absent")));
  CHECK(sample.is_found_or_harmless(sample.bytes));
  CHECK(sample.bytes.size() > 20 * page_size);
}

TEST_CASE("a file that is cut off anywhere") {
  const Sample sample;
  for (std::size_t size = 1; size < sample.bytes.size(); size += page_size / 2) {
    CAPTURE(size);
    CHECK(sample.is_found_or_harmless(sample.bytes.substr(0, size)));
  }
  write_file(sample.dir.file(), sample.bytes.substr(0, sample.bytes.size() / 2));
  CHECK(refusal(sample.dir.path()).code == disk_errc::damaged);
}

TEST_CASE("a page that is lost, or is another one's") {
  const Sample sample;
  for (std::size_t at = 0; at < sample.bytes.size(); at += page_size) {
    CAPTURE(at / page_size);
    std::string changed = sample.bytes;
    changed.replace(at, page_size, page_size, '\0');
    CHECK(sample.is_found_or_harmless(changed));
    const std::size_t other = (at + 7 * page_size) % sample.bytes.size();
    changed.replace(at, page_size, sample.bytes, other, page_size);
    CHECK(sample.is_found_or_harmless(changed));
  }
}

TEST_CASE("bytes that have changed, anywhere") {
  const Sample sample;
  CHECK(rc::check([&](std::uint32_t seed, std::uint8_t byte) {
    std::string changed = sample.bytes;
    // Half of the time in the first bytes of a page, where its structure is.
    const std::size_t page = seed / 2 % (sample.bytes.size() / page_size);
    const std::size_t within = seed / 1'000 % (seed % 2 == 0 ? 40 : page_size);
    changed[page * page_size + within] = static_cast<char>(byte);
    RC_ASSERT(sample.is_found_or_harmless(changed));
  }));
}

TEST_CASE("a last page far behind the end of the file") {
  const Sample sample;
  constexpr std::size_t last_page_at = 16 + 24 + 48 + 48;
  std::string changed = sample.bytes;
  for (std::size_t page = 0; page < 2; ++page) changed[page * page_size + last_page_at + 5] = 1;
  CHECK(sample.is_found_or_harmless(changed));
  CHECK(check_file(sample.dir.file()).error().code == disk_errc::damaged);
}

TEST_CASE("no file of LMDB at all") {
  const Sample sample;
  write_file(sample.dir.file(), std::string(3 * page_size, 'x'));
  CHECK(refusal(sample.dir.path()).code == disk_errc::damaged);
  write_file(sample.dir.file(), "short");
  CHECK(refusal(sample.dir.path()).code == disk_errc::damaged);
}
