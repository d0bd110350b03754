// The layer table, enforced on every source of the project; and the checker itself, fed with
// sources that break each rule.
#include <doctest/doctest.h>

#include "cpp_tests/layers/layer_rules.hpp"

using groot::layers::check_file;
using groot::layers::check_public_header;
using groot::layers::check_suite;
using groot::layers::Include;
using groot::layers::includes_of;
using groot::layers::lines_max;
using groot::layers::Sources;

namespace {

bool passes(const char* path, const std::string& text) {
  return check_file(path, text).empty();
}

// One #include line, the target with its own brackets or quotes.
std::string including(const std::string& target) {
  return "#include " + target + "\n";
}

}  // namespace

TEST_CASE("the sources keep to their layers") {
  const auto sources = groot::layers::read_tree(GROOT_SOURCE_DIR);
  for (const char* landmark : {"cnode/node.hpp", "ei_codec/term.hpp", "store/replica.hpp",
                               "cnode/dist/link.hpp", "cnode/process/router.hpp"}) {
    CAPTURE(landmark);
    CHECK(sources.contains(landmark));
  }
  for (const auto& [path, text] : sources) {
    for (const auto& complaint : check_file(path, text)) FAIL_CHECK(complaint);
    if (!path.ends_with("_SUITE.erl")) continue;
    for (const auto& complaint : check_suite(path, text)) FAIL_CHECK(complaint);
  }
  for (const auto& complaint : check_public_header("cnode/node.hpp", sources)) {
    FAIL_CHECK(complaint);
  }
}

TEST_CASE("include lines are found however they are written") {
  const auto found = includes_of(
      "// #include <in_a_comment>\n"
      "#include <vector>\n"
      "  #  include \"store/replica.hpp\"  // why\n"
      "#include<ei.h>\n"
      "#define include <nothing>\n"
      "#include <unterminated\n"
      "int include = 1;");
  const std::vector<Include> expected{
      {"vector", true}, {"store/replica.hpp", false}, {"ei.h", true}};
  CHECK(found == expected);
}

TEST_CASE("a lower layer never includes a higher one") {
  CHECK(passes("ei_codec/term.cpp", including("\"ei_codec/term.hpp\"")));
  CHECK_FALSE(passes("ei_codec/term.cpp", including("\"store/replica.hpp\"")));
  CHECK_FALSE(passes("ei_codec/term.cpp", including("\"cnode/dist/link.hpp\"")));
  CHECK(passes("store/replica.cpp", including("\"ei_codec/term.hpp\"")));
  CHECK_FALSE(passes("store/replica.cpp", including("\"cnode/process/router.hpp\"")));
  CHECK(passes("cnode/dist/link.cpp", including("\"ei_codec/bytes.hpp\"")));
  CHECK_FALSE(passes("cnode/dist/link.cpp", including("\"store/replica.hpp\"")));
  CHECK_FALSE(passes("cnode/dist/link.cpp", including("\"cnode/process/router.hpp\"")));
  CHECK(passes("cnode/disk/load.cpp", including("\"store/replica.hpp\"")));
  CHECK_FALSE(passes("cnode/disk/load.cpp", including("\"cnode/process/router.hpp\"")));
  CHECK_FALSE(passes("cnode/process/saves.cpp", including("\"cnode/disk/committer.hpp\"")));
  CHECK(passes("cnode/process/router.cpp", including("\"store/replica.hpp\"")));
  CHECK_FALSE(passes("cnode/process/router.cpp", including("\"cnode/io/runtime.hpp\"")));
  CHECK_FALSE(passes("cnode/process/router.cpp", including("\"cnode/node.hpp\"")));
  CHECK(passes("cnode/io/runtime.cpp", including("\"cnode/process/router.hpp\"")));
  CHECK_FALSE(passes("cnode/io/runtime.cpp", including("\"cnode/node.hpp\"")));
  CHECK(passes("cnode/node.cpp", including("\"cnode/io/runtime.hpp\"")));
  CHECK_FALSE(passes("cnode/node.cpp", including("\"cpp_tests/support/x.hpp\"")));
}

TEST_CASE("a project header is named from the root, or its layer would not show") {
  CHECK_FALSE(passes("ei_codec/term.cpp", including("\"term.hpp\"")));
  CHECK_FALSE(passes("ei_codec/term.cpp", including("\"../store/replica.hpp\"")));
}

TEST_CASE("ei stays behind the gate") {
  CHECK(passes("ei_codec/term_decode.cpp", including("<ei.h>")));
  CHECK(passes("ei_codec/term_encode.cpp", including("<ei.h>")));
  CHECK(passes("cpp_tests/ei_codec/term_scan_test.cpp", including("<ei.h>")));
  CHECK_FALSE(passes("ei_codec/term_decode.hpp", including("<ei.h>")));
  CHECK_FALSE(passes("ei_codec/term_scan.cpp", including("<ei.h>")));
  CHECK_FALSE(passes("store/replica.cpp", including("<ei.h>")));
  CHECK_FALSE(passes("cnode/node.cpp", including("<ei.h>")));
}

TEST_CASE("Asio stays in cnode/io") {
  CHECK(passes("cnode/io/tcp_link.cpp", including("<boost/asio/ip/tcp.hpp>")));
  CHECK_FALSE(passes("cnode/node.cpp", including("<boost/asio/ip/tcp.hpp>")));
  CHECK_FALSE(passes("cnode/process/router.cpp", including("<boost/asio/buffer.hpp>")));
  CHECK_FALSE(passes("cnode/dist/link.cpp", including("<boost/asio/buffer.hpp>")));
  CHECK_FALSE(passes("cnode/io/tcp_link.cpp", including("<boost/lexical_cast.hpp>")));
}

TEST_CASE("LMDB stays in cnode/disk") {
  CHECK(passes("cnode/disk/database.cpp", including("<lmdb.h>")));
  CHECK_FALSE(passes("store/replica.cpp", including("<lmdb.h>")));
  CHECK_FALSE(passes("cnode/io/core.cpp", including("<lmdb.h>")));
  CHECK_FALSE(passes("cnode/node.cpp", including("<lmdb.h>")));
}

TEST_CASE("the pure layers know neither the operating system nor the time") {
  for (const char* path :
       {"ei_codec/a.cpp", "store/a.cpp", "cnode/dist/a.cpp", "cnode/process/a.cpp"}) {
    CAPTURE(path);
    CHECK(passes(path, "#include <chrono>\nint f();\n"));
    CHECK_FALSE(passes(path, including("<unistd.h>")));
    CHECK_FALSE(passes(path, including("<sys/socket.h>")));
    CHECK_FALSE(passes(path, including("<spdlog/spdlog.h>")));
    CHECK_FALSE(passes(path, "auto t = std::chrono::steady_clock::now();\n"));
    CHECK_FALSE(passes(path, "std::random_device device;\n"));
    CHECK_FALSE(passes(path, "std::thread worker;\n"));
  }
  CHECK(passes("cnode/io/a.cpp", "auto t = std::chrono::steady_clock::now();\n"));
  CHECK(passes("ei_codec/message_buffer.cpp", including("<sys/mman.h>")));
  CHECK(passes("store/slab_allocator.cpp", including("<sys/mman.h>")));
  CHECK(passes("store/epoch.cpp", including("<unistd.h>")));
  CHECK_FALSE(passes("store/slab_allocator.cpp", including("<unistd.h>")));
  CHECK_FALSE(passes("ei_codec/message_buffer.hpp", including("<sys/mman.h>")));
  CHECK_FALSE(passes("store/replica.cpp", including("<sys/mman.h>")));
  CHECK_FALSE(passes("cnode/dist/fragment_reader.cpp", including("<sys/mman.h>")));
  CHECK(passes("cnode/cookie.cpp", including("<unistd.h>")));
}

TEST_CASE("a file has at most 400 lines") {
  std::string text;
  for (std::size_t i = 0; i < lines_max; ++i) text += "int x;\n";
  CHECK(passes("cpp_tests/a_test.cpp", text));
  CHECK_FALSE(passes("cpp_tests/a_test.cpp", text + "int x;\n"));
  CHECK_FALSE(passes("erlang_tests/a_SUITE.erl", text + "%"));
}

TEST_CASE("every case and every group of a suite is one that runs") {
  const std::string head =
      "-export([all/0, groups/0, init_per_suite/1, end_per_suite/1, init_per_testcase/2]).\n"
      "-export([\n    first/1,\n    second/1, other/12\n]).\n";
  const auto complaints = [&](const std::string& all, const std::string& groups) {
    return check_suite("a_SUITE.erl", head + "\nall() -> " + all + ".\n\ngroups() ->\n" + groups +
                                          ".\n\nfirst(_) -> ok.\nsecond(_) -> ok.\n")
        .size();
  };
  CHECK(complaints("[first, second]", "[]") == 0);
  CHECK(complaints("[first, {group, g}]", "[{g, [], [second]}]") == 0);
  CHECK(complaints("[first]", "[]") == 1);
  CHECK(complaints("[first, seconds]", "[]") == 1);
  CHECK(complaints("[]", "[]") == 2);
  CHECK(complaints("[first]", "[{g, [], [second]}]") == 1);
  CHECK(complaints("[{group, g}]", "[{g, [], [first, second]}, {h, [parallel], [first]}]") == 1);
  // Both by way of another function, and groups of a list comprehension.
  const std::string each = "[{G, [], cases()} || G <- [g, h]]";
  CHECK(complaints("[{group, g}]", each + ".\n\ncases() -> [first, second]") == 0);
  CHECK(complaints("[{group, g}]", each + ".\n\ncases() -> [first]") == 1);
  CHECK(complaints("[{group, G} || {G, _, _} <- groups()]", "[{g, [], [first, second]}]") == 0);
}

TEST_CASE("nothing is left over") {
  const std::string to_do = std::string("TO") + "DO";
  const std::string fix_me = std::string("FIX") + "ME";
  CHECK_FALSE(passes("store/replica.cpp", "// " + to_do + ": later\n"));
  CHECK_FALSE(passes("erlang_tests/join_SUITE.erl", "%% " + fix_me + "\n"));
  CHECK_FALSE(passes("scripts/test", "# " + to_do));
  CHECK(passes("store/replica.cpp", "// " + to_do + "S and MAS" + to_do + "N are other words\n"));
}

TEST_CASE("what the public header leads to counts as its own") {
  Sources sources{{"cnode/node.hpp", "#include <string>\n#include \"store/a.hpp\"\n"},
                  {"store/a.hpp", "#include \"store/b.hpp\"\n"},
                  {"store/b.hpp", "#include \"store/a.hpp\"\n#include <vector>\n"}};
  CHECK(check_public_header("cnode/node.hpp", sources).empty());
  sources["store/b.hpp"] += "#include <boost/asio/buffer.hpp>\n";
  CHECK(check_public_header("cnode/node.hpp", sources).size() == 1);
  sources["store/b.hpp"] = "#include <ei.h>\n";
  CHECK(check_public_header("cnode/node.hpp", sources).size() == 1);
  sources.erase("store/b.hpp");
  CHECK(check_public_header("cnode/node.hpp", sources).size() == 1);
}
