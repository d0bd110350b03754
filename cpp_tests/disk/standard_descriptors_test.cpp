// Started with its standard descriptors closed, a program prints into whatever it opens first.
#include "cnode/disk/standard_descriptors.hpp"

#include <array>
#include <cstdio>
#include <functional>
#include <string>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "cpp_tests/disk/support.hpp"

using namespace groot::disk;
using namespace groot::disk::testing;

namespace {

// What `call` returns in a child of this process that has `closed` closed; -1 when it crashes.
int in_child_without(const std::vector<int>& closed, const std::function<int()>& call) {
  const pid_t child = ::fork();
  if (child == 0) {
    for (const int descriptor : closed) ::close(descriptor);
    ::_exit(call());
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::string file_of(int descriptor) {
  std::array<char, 256> name{};
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  const ssize_t size = ::readlink(link.c_str(), name.data(), name.size());
  return {name.data(), static_cast<std::size_t>(size < 0 ? 0 : size)};
}

}  // namespace

TEST_CASE("closed standard descriptors are taken, open ones are left alone") {
  for (const std::vector<int>& closed :
       std::vector<std::vector<int>>{{0, 1, 2}, {0}, {1}, {2}, {0, 2}, {}}) {
    CAPTURE(closed.size());
    const int wrong = in_child_without(closed, [] {
      std::array<std::string, 3> before;
      for (int i = 0; i < 3; ++i) before.at(static_cast<std::size_t>(i)) = file_of(i);
      occupy_standard_descriptors();
      for (int i = 0; i < 3; ++i) {
        const std::string& was = before.at(static_cast<std::size_t>(i));
        if (file_of(i) != (was.empty() ? "/dev/null" : was)) return 1 + i;
      }
      return 0;
    });
    CHECK(wrong == 0);
  }
}

TEST_CASE("what is printed does not go into the data file, also when that is made anew") {
  const TempDir dir;
  const auto is_no_standard = [] {
    for (int i = 0; i < 3; ++i) {
      if (file_of(i) != "/dev/null") return false;
    }
    return true;
  };
  const int wrong = in_child_without({0, 1, 2}, [&] {
    auto database = Database::open({dir.path()});
    if (!database) return 1;
    if (!is_no_standard()) return 2;
    Kept kept;
    kept.set("key", "value");
    if (!kept.save(**database)) return 3;
    // The directory is deleted, and the program closes them again.
    std::filesystem::remove_all(dir.path());
    kept.set("other", "value");
    if (kept.save(**database)) return 4;
    for (int i = 0; i < 3; ++i) ::close(i);
    std::vector<groot::store::RegisterPtr> all;
    kept.replica.for_each([&all](const auto& reg) { all.push_back(reg); });
    if (!(*database)->replace(all, kept.marks(), kept.now.wall_ms)) return 5;
    if (!is_no_standard()) return 6;
    return 0;
  });
  CHECK(wrong == 0);
  CHECK(contents_of(dir.path()).size() == 2);
}
