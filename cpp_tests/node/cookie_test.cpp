#include "cnode/cookie.hpp"

#include <algorithm>
#include <filesystem>
#include <string>

#include <doctest/doctest.h>

#include "cnode/options.hpp"
#include "cpp_tests/node/environment.hpp"
#include "cpp_tests/support/temporary_folder.hpp"

using groot::environment;
using groot::find_cookie;
using groot::options_errc;
using groot::read_cookie_file;
using groot::reread;
using groot::TemporaryFolder;
namespace fs = std::filesystem;

TEST_CASE("the option comes first, then its file, then RELEASE_COOKIE, then the home folder") {
  TemporaryFolder home;
  home.write(".erlang.cookie", "HOME");
  const std::string file = home.write("named", "FILE\n");
  const auto release = environment({{"HOME", home.path()}, {"RELEASE_COOKIE", "RELEASE"}});
  const auto plain = environment({{"HOME", home.path()}});

  CHECK(find_cookie("OPTION", file, release)->value == "OPTION");
  CHECK(find_cookie("", file, release)->value == "FILE");
  CHECK(find_cookie("", "", release)->value == "RELEASE");
  CHECK(find_cookie("", "", plain)->value == "HOME");
}

TEST_CASE("the source is named, the value is not") {
  TemporaryFolder home;
  home.write(".erlang.cookie", "SECRETONE");
  const auto variables = environment({{"HOME", home.path()}, {"RELEASE_COOKIE", "SECRETTWO"}});
  const auto plain = environment({{"HOME", home.path()}});
  CHECK(find_cookie("SECRETTHREE", "", variables)->source == "the option");
  CHECK(find_cookie("", "", variables)->source == "RELEASE_COOKIE");
  CHECK(find_cookie("", "", plain)->source == "the file " + home.path() + "/.erlang.cookie");
  const auto bad = find_cookie("SECRET\tFOUR", "", plain);
  REQUIRE_FALSE(bad.has_value());
  CHECK(bad.error().text().find("SECRET") == std::string::npos);
}

TEST_CASE("a cookie from a file can be read again, another one cannot, and none is made") {
  TemporaryFolder home;
  using fs::perms;
  const auto file = home.write("cookie", "OLD", perms::owner_read | perms::owner_write);
  const auto cookie = find_cookie("", file, environment({}));
  REQUIRE(cookie.has_value());
  CHECK(reread(*cookie)->value == "OLD");
  home.write("cookie", "NEW\n", perms::owner_read | perms::owner_write);
  const auto read = reread(*cookie);
  CHECK(read->value == "NEW");
  CHECK(read->source == cookie->source);
  CHECK(reread(*read)->value == "NEW");
  fs::permissions(file, perms::owner_read | perms::others_read);
  CHECK(reread(*read).error().code == options_errc::no_cookie);

  const auto own = find_cookie("", "", environment({{"HOME", home.path()}}));
  REQUIRE(own.has_value());
  fs::remove(home.path() + "/.erlang.cookie");
  CHECK_FALSE(reread(*own).has_value());
  CHECK_FALSE(fs::exists(home.path() + "/.erlang.cookie"));

  const auto variable = find_cookie("", "", environment({{"RELEASE_COOKIE", "SECRET"}}));
  CHECK(reread(*variable).error().detail == "it is from RELEASE_COOKIE, not from a file");
}

TEST_CASE("the file below the configuration folder is the second choice") {
  TemporaryFolder home;
  home.write("xdg/erlang/.erlang.cookie", "XDG");
  home.write(".config/erlang/.erlang.cookie", "CONFIG");
  CHECK(find_cookie("", "", environment({{"HOME", home.path()}}))->value == "CONFIG");
  const auto named =
      environment({{"HOME", home.path()}, {"XDG_CONFIG_HOME", home.path() + "/xdg"}});
  CHECK(find_cookie("", "", named)->value == "XDG");
  home.write(".erlang.cookie", "HOME");
  CHECK(find_cookie("", "", named)->value == "HOME");
}

TEST_CASE("an absent cookie is made as erl makes it, once") {
  TemporaryFolder home;
  const auto variables = environment({{"HOME", home.path()}});
  const auto made = find_cookie("", "", variables);
  REQUIRE(made.has_value());
  CHECK(made->value.size() == 20);
  CHECK(std::ranges::all_of(made->value, [](char c) { return c >= 'A' && c <= 'Z'; }));
  CHECK(fs::status(home.path() + "/.erlang.cookie").permissions() == fs::perms::owner_read);
  CHECK(std::distance(fs::directory_iterator(home.path()), {}) == 1);
  CHECK(find_cookie("", "", variables)->value == made->value);
}

TEST_CASE("a file that others can access is refused in erl's words") {
  TemporaryFolder folder;
  using fs::perms;
  for (const perms others :
       {perms::group_read, perms::group_write, perms::others_read, perms::others_exec}) {
    const auto path = folder.write("cookie", "C", perms::owner_read | perms::owner_write | others);
    const auto refused = read_cookie_file(path);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == options_errc::no_cookie);
    CHECK(refused.error().detail == "Cookie file " + path + " must be accessible by owner only");
    fs::permissions(path, perms::owner_all);
    CHECK(read_cookie_file(path).has_value());
  }
}

TEST_CASE("blanks and line ends behind a cookie are no part of it, other characters are refused") {
  TemporaryFolder folder;
  using fs::perms;
  const auto read = [&](const std::string& text) {
    return read_cookie_file(folder.write("cookie", text, perms::owner_read | perms::owner_write));
  };
  CHECK(read("ABC").value() == "ABC");
  CHECK(read("ABC\n").value() == "ABC");
  CHECK(read("ABC\r\n \n").value() == "ABC");
  CHECK(read("a b").value() == "a b");
  CHECK(read(std::string(255, 'x')).has_value());
  for (const std::string& bad :
       {std::string(), std::string("\n"), std::string("ABC\nDEF"), std::string("A\tB"),
        std::string("\xc3\xa4"), std::string(256, 'x')}) {
    CAPTURE(bad);
    CHECK_FALSE(read(bad).has_value());
  }
}

TEST_CASE("what is no readable file is refused with its name") {
  TemporaryFolder folder;
  const auto absent = read_cookie_file(folder.path() + "/absent");
  REQUIRE_FALSE(absent.has_value());
  CHECK(absent.error().detail.find(folder.path() + "/absent") != std::string::npos);
  CHECK_FALSE(read_cookie_file(folder.path()).has_value());
  CHECK_FALSE(find_cookie("", "", environment({})).has_value());
  CHECK_FALSE(
      find_cookie("", "", environment({{"HOME", folder.path() + "/no/such/home"}})).has_value());
}
