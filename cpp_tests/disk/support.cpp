#include "cpp_tests/disk/support.hpp"

#include <fstream>
#include <iterator>

namespace groot::disk::testing {

namespace fs = std::filesystem;

namespace {

// In bytes. Other tests write there at the same time, and some machines give 64 MB to all.
constexpr std::uintmax_t room_wanted = std::uintmax_t{1} << 30;

}  // namespace

fs::path TempDir::place() {
  const fs::path memory = "/dev/shm";
  std::error_code failed;
  const auto space = fs::space(memory, failed);
  return !failed && space.available > room_wanted ? memory : fs::temp_directory_path();
}

std::string TempDir::file(std::string_view name) const {
  return (fs::path(path()) / name).string();
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

void write_file(const std::string& path, std::string_view bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << bytes;
}

std::unique_ptr<Database> opened(const std::string& directory, std::uint64_t bytes_max) {
  auto database = Database::open({directory, bytes_max});
  INFO((database ? std::string() : database.error().text()));
  REQUIRE(database.has_value());
  return *std::move(database);
}

Error refusal(const std::string& directory) {
  const auto database = Database::open({directory});
  if (!database) return database.error();
  const auto loaded = (*database)->load([](const store::KeptRegister&) {});
  return loaded ? Error{} : loaded.error();
}

Contents contents_of(const std::string& directory, std::int64_t wall_ms) {
  const auto database = opened(directory);
  Replica replica(store::ReplicaOptions{.node_id = 2});
  const auto loaded = load_into(replica, *database, ttl_ms, {1'000, wall_ms});
  INFO((loaded ? std::string() : loaded.error().text()));
  REQUIRE(loaded.has_value());
  return contents(replica);
}

}  // namespace groot::disk::testing
