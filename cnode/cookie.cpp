#include "cnode/cookie.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <random>
#include <string_view>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "cnode/options.hpp"

namespace groot {
namespace {

constexpr std::size_t cookie_letters = 20;
// An atom's limit: a cookie is one.
constexpr std::size_t cookie_bytes_max = 255;

class FileDescriptor {
 public:
  explicit FileDescriptor(int number) : number_(number) {}
  ~FileDescriptor() {
    if (number_ >= 0) ::close(number_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

std::string system_message(int number) {
  return std::generic_category().message(number);
}

Error no_cookie(std::string detail) {
  return {options_errc::no_cookie, std::move(detail)};
}

// erl_auth's rule: printable characters, then nothing but blanks and line ends.
Result<std::string> check_cookie(std::string_view text, const std::string& where) {
  const auto printable = [](char c) { return c >= ' ' && c <= '~'; };
  const auto end = std::ranges::find_if_not(text, printable);
  if (!std::all_of(end, text.end(), [](char c) { return c == '\n' || c == '\r' || c == ' '; })) {
    return no_cookie("Bad characters in cookie (" + where + ")");
  }
  std::string cookie(text.begin(), end);
  if (cookie.empty()) return no_cookie("Too short cookie string (" + where + ")");
  if (cookie.size() > cookie_bytes_max) {
    return no_cookie("Too long cookie string (" + where + ")");
  }
  return cookie;
}

bool exists(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0;
}

Result<void> create_cookie_file(const std::string& path) {
  // Made elsewhere and linked into place: a file that is there is whole, and when two nodes start
  // at once both end up with the same cookie.
  std::string draft = path + "." + std::string(6, 'X');
  const FileDescriptor file(::mkstemp(draft.data()));
  if (file.number() < 0) {
    return no_cookie("Failed to create cookie file '" + path + "': " + system_message(errno));
  }
  std::random_device random;
  std::uniform_int_distribution<int> letter('A', 'Z');
  std::array<char, cookie_letters> cookie{};
  for (char& c : cookie) c = static_cast<char>(letter(random));
  const bool written =
      ::write(file.number(), cookie.data(), cookie.size()) == static_cast<ssize_t>(cookie.size()) &&
      ::fchmod(file.number(), S_IRUSR) == 0;
  int failure = written ? 0 : errno;
  if (written && ::link(draft.c_str(), path.c_str()) != 0 && errno != EEXIST) failure = errno;
  ::unlink(draft.c_str());
  if (failure != 0) {
    return no_cookie("Failed to write to cookie file '" + path + "': " + system_message(failure));
  }
  return {};
}

Result<Cookie> cookie_from_file(const std::string& path) {
  auto value = read_cookie_file(path);
  if (!value) return value.error();
  return Cookie{std::move(*value), "the file " + path, path};
}

}  // namespace

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return std::string(value);
  };
}

Result<std::string> read_cookie_file(const std::string& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info {};
  if (file.number() < 0 || ::fstat(file.number(), &info) != 0) {
    return no_cookie("Error when reading " + path + ": " + system_message(errno));
  }
  if (!S_ISREG(info.st_mode)) return no_cookie("Cookie file " + path + " is not a regular file");
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return no_cookie("Cookie file " + path + " must be accessible by owner only");
  }
  std::array<char, 4096> text{};
  const ssize_t count = ::read(file.number(), text.data(), text.size());
  if (count < 0) return no_cookie("Error when reading " + path + ": " + system_message(errno));
  return check_cookie({text.data(), static_cast<std::size_t>(count)}, "file " + path);
}

Result<Cookie> find_cookie(const std::string& option, const std::string& option_file,
                           const Environment& environment) {
  if (!option.empty()) {
    auto value = check_cookie(option, "option");
    if (!value) return value.error();
    return Cookie{std::move(*value), "the option"};
  }
  if (!option_file.empty()) return cookie_from_file(option_file);
  if (const auto release = environment("RELEASE_COOKIE"); release && !release->empty()) {
    auto value = check_cookie(*release, "RELEASE_COOKIE");
    if (!value) return value.error();
    return Cookie{std::move(*value), "RELEASE_COOKIE"};
  }
  const auto home = environment("HOME");
  if (!home || home->empty()) return no_cookie("No home for cookie file: HOME is not set");
  const std::string own = *home + "/.erlang.cookie";
  if (exists(own)) return cookie_from_file(own);
  const auto config = environment("XDG_CONFIG_HOME");
  const std::string shared =
      (config && !config->empty() ? *config : *home + "/.config") + "/erlang/.erlang.cookie";
  if (exists(shared)) return cookie_from_file(shared);
  if (auto created = create_cookie_file(own); !created) return created.error();
  return cookie_from_file(own);
}

Result<Cookie> reread(const Cookie& cookie) {
  if (cookie.file.empty()) return no_cookie("it is from " + cookie.source + ", not from a file");
  return cookie_from_file(cookie.file);
}

}  // namespace groot
