// A node that is told to read its cookie again.
#include <filesystem>
#include <string>

#include <doctest/doctest.h>

#include "cpp_tests/node/member.hpp"
#include "cpp_tests/node/real_epmd.hpp"
#include "cpp_tests/support/temporary_folder.hpp"

using groot::epmd_is_missing;
using groot::Member;
using groot::NodeOptions;
using groot::RealEpmd;
using groot::TemporaryFolder;
using groot::Term;
using groot::ei_codec::atom;
using std::filesystem::perms;

TEST_CASE("a cookie that is read again counts for the next link, and takes no link away") {
  if (epmd_is_missing()) return;
  const RealEpmd epmd;
  TemporaryFolder folder;
  const auto write = [&folder](const std::string& cookie) {
    return folder.write("cookie", cookie, perms::owner_read | perms::owner_write);
  };
  const std::string file = write("ANOTHER");
  const auto with = [](const std::string& cookie_file) {
    return [cookie_file](NodeOptions& options) {
      options.cookie.clear();
      options.cookie_file = cookie_file;
    };
  };
  Member a("a", {}, with(file));
  Member old_friend("friend", {"a"}, with(file));
  REQUIRE(a.diary.await_line("connected to friend@127.0.0.1"));
  // It knows `secret` only.
  Member b("b", {"a"});
  REQUIRE(b.diary.await_line("no connection with a@127.0.0.1"));

  CHECK_FALSE(a.node->reread_cookie()->changed);
  write(groot::secret);
  const auto read = a.node->reread_cookie();
  REQUIRE(read.has_value());
  CHECK(read->changed);
  CHECK(read->source == "the file " + file);
  CHECK_FALSE(a.node->reread_cookie()->changed);
  REQUIRE(b.node->set(atom("k"), 1).has_value());
  REQUIRE(a.diary.await_change(atom("k"), Term(1)));
  REQUIRE(old_friend.diary.await_change(atom("k"), Term(1)));

  std::filesystem::remove(file);
  CHECK(a.node->reread_cookie().error().text().find(file) != std::string::npos);
  CHECK_FALSE(b.node->reread_cookie().has_value());
}
