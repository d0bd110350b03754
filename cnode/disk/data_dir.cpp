#include "cnode/disk/data_dir.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "cnode/disk/disk_error.hpp"

namespace groot::disk {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 3> our_files{"data.mdb", "lock.mdb", "groot.lock"};
// Every file system of some kind has one of its own at its root.
constexpr std::string_view file_system_folder = "lost+found";

Error unusable(const std::string& path, const std::error_code& why) {
  return {disk_errc::unusable, path + ": " + why.message()};
}

std::error_code last_error() {
  return {errno, std::generic_category()};
}

Result<void> make(const std::string& path) {
  std::error_code failed;
  if (fs::is_directory(path, failed)) return {};
  if (!fs::create_directories(path, failed)) {
    if (!failed) failed = std::make_error_code(std::errc::not_a_directory);
    return unusable(path, failed);
  }
  fs::permissions(path, fs::perms::owner_all, failed);
  return {};
}

// A directory of ours holds data.mdb, or nothing yet.
Result<void> check_whose(const std::string& path) {
  std::error_code failed;
  std::string stranger;
  bool has_data = false;
  fs::directory_iterator entry(path, failed);
  for (; !failed && entry != fs::directory_iterator(); entry.increment(failed)) {
    const std::string name = entry->path().filename().string();
    if (name == our_files[0]) has_data = true;
    bool ours = name == file_system_folder;
    for (const auto our : our_files) ours = ours || name == our;
    if (!ours && (stranger.empty() || name < stranger)) stranger = name;
  }
  if (failed) return unusable(path, failed);
  if (has_data || stranger.empty()) return {};
  return {disk_errc::foreign, path + " holds \"" + stranger + "\", and nothing of groot_node"};
}

std::string holder_of(int lock_file) {
  std::array<char, 32> text{};
  const auto size = ::pread(lock_file, text.data(), text.size(), 0);
  std::string number;
  for (ssize_t i = 0; i < size && text[static_cast<std::size_t>(i)] >= '0' &&
                      text[static_cast<std::size_t>(i)] <= '9';
       ++i) {
    number += text[static_cast<std::size_t>(i)];
  }
  return number.empty() ? "another process" : "process " + number;
}

}  // namespace

Result<DataDir> DataDir::open(const std::string& path) {
  if (auto made = make(path); !made) return made.error();
  if (auto checked = check_whose(path); !checked) return checked.error();
  const std::string lock_path = (fs::path(path) / our_files[2]).string();
  const int file = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) return unusable(path, last_error());
  if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    const std::error_code why = last_error();
    const std::string holder = holder_of(file);
    ::close(file);
    if (why != std::errc::operation_would_block) return unusable(path, why);
    return {disk_errc::in_use, path + " by " + holder};
  }
  DataDir opened(path, file);
  // For whoever finds it locked; that it can be written says that the directory is no good to read
  // only.
  const std::string number = std::to_string(::getpid()) + "\n";
  if (::ftruncate(file, 0) != 0) return unusable(path, last_error());
  if (::pwrite(file, number.data(), number.size(), 0) < 0) return unusable(path, last_error());
  return opened;
}

DataDir::~DataDir() {
  if (lock_file_ >= 0) ::close(lock_file_);
}

DataDir::DataDir(DataDir&& other) noexcept
    : path_(std::move(other.path_)), lock_file_(std::exchange(other.lock_file_, -1)) {}

bool DataDir::is_in_place() const {
  struct stat held {};
  struct stat found {};
  return ::fstat(lock_file_, &held) == 0 &&
         ::stat((fs::path(path_) / our_files[2]).c_str(), &found) == 0 &&
         held.st_dev == found.st_dev && held.st_ino == found.st_ino;
}

std::string DataDir::data_file() const {
  return (fs::path(path_) / our_files[0]).string();
}

}  // namespace groot::disk
