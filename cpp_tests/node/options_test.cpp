#include "cnode/options.hpp"

#include <string>

#include <doctest/doctest.h>

#include "cpp_tests/node/environment.hpp"

using groot::environment;
using groot::Environment;
using groot::HostNames;
using groot::NodeOptions;
using groot::options_errc;
using groot::resolve;
using groot::resolve_name;

namespace {

const HostNames host{.short_name = "box", .full_name = "box.example.org"};

std::string name_of(const std::string& name, bool long_names, const HostNames& names = host,
                    const Environment& variables = environment({})) {
  NodeOptions options;
  options.name = name;
  options.long_names = long_names;
  const auto resolved = resolve_name(options, variables, names);
  return resolved ? resolved->full() : "refused";
}

// Everything valid but for what the test changes.
NodeOptions valid() {
  NodeOptions options;
  options.name = "n@box";
  options.cookie = "C";
  return options;
}

std::error_code refusal(const NodeOptions& options) {
  const auto resolved = resolve(options, environment({}));
  return resolved ? std::error_code() : resolved.error().code;
}

}  // namespace

TEST_CASE("a host is added as erl adds it") {
  CHECK(name_of("n", false) == "n@box");
  CHECK(name_of("n", true) == "n@box.example.org");
  CHECK(name_of("n@there", false) == "n@there");
  CHECK(name_of("n@there.org", true) == "n@there.org");
  CHECK(name_of("n@127.0.0.1", true) == "n@127.0.0.1");
  CHECK(name_of("n@localhost", true) == "n@localhost");
  CHECK(name_of("n", true, {.short_name = "box", .full_name = ""}) == "refused");
  CHECK(name_of("n", false, {}) == "refused");
}

TEST_CASE("names that erl refuses are refused") {
  CHECK(name_of("n@127.0.0.1", false) == "refused");
  CHECK(name_of("n@there.org", false) == "refused");
  for (const bool long_names : {false, true}) {
    for (const char* bad : {"a b", "a.b", "a@", "@box", "a@b@c", "\xc3\xa4@box", "a/b@box"}) {
      CAPTURE(bad);
      CHECK(name_of(bad, long_names) == "refused");
    }
  }
}

TEST_CASE("without a name the release's is taken, then groot") {
  CHECK(name_of("", false) == "groot@box");
  CHECK(name_of("", false, host, environment({{"RELEASE_NODE", "app"}})) == "app@box");
  CHECK(name_of("", false, host,
                environment({{"RELEASE_NODE", "app"}, {"RELEASE_DISTRIBUTION", "name"}})) ==
        "app@box.example.org");
  CHECK(name_of("", false, host,
                environment({{"RELEASE_NODE", "app@10.0.0.1"},
                             {"RELEASE_DISTRIBUTION", "name"}})) == "app@10.0.0.1");
  CHECK(name_of("own", false, host, environment({{"RELEASE_NODE", "app"}})) == "own@box");
}

TEST_CASE("this machine has a short name without a dot") {
  const auto names = groot::host_names(false);
  CHECK_FALSE(names.short_name.empty());
  CHECK(names.short_name.find('.') == std::string::npos);
}

TEST_CASE("peers must be of our own kind of name, and not ourselves") {
  NodeOptions options = valid();
  options.connect = {"a@box", "b@other"};
  const auto resolved = resolve(options, environment({}));
  REQUIRE(resolved.has_value());
  CHECK(resolved->connect.size() == 2);
  CHECK(resolved->cookie.value == "C");

  for (const char* bad : {"a@box.org", "a@127.0.0.1", "a", "a@", "n@box", "a b@box"}) {
    CAPTURE(bad);
    options.connect = {bad};
    CHECK(refusal(options) == options_errc::bad_peer);
  }
  options.name = "n@box.org";
  options.long_names = true;
  for (const char* good : {"a@box.org", "a@127.0.0.1", "a@::1"}) {
    CAPTURE(good);
    options.connect = {good};
    CHECK_FALSE(refusal(options));
  }
  options.connect = {"a@box"};
  CHECK(refusal(options) == options_errc::bad_peer);
}

TEST_CASE("numbers have their ranges") {
  using std::chrono::milliseconds;
  using std::chrono::seconds;
  const auto ticktime = [](std::int64_t value) {
    NodeOptions options = valid();
    options.net_ticktime = seconds(value);
    return refusal(options);
  };
  CHECK(ticktime(3) == options_errc::bad_value);
  CHECK_FALSE(ticktime(4));
  CHECK_FALSE(ticktime(86'400));
  CHECK(ticktime(86'401) == options_errc::bad_value);

  const auto value_size = [](std::size_t value) {
    NodeOptions options = valid();
    options.max_value_size = value;
    return refusal(options);
  };
  constexpr std::size_t largest = std::size_t{512} << 20;
  CHECK(value_size(0) == options_errc::bad_value);
  CHECK_FALSE(value_size(1));
  CHECK_FALSE(value_size(largest));
  CHECK(value_size(largest + 1) == options_errc::bad_value);

  const auto tombstone_ttl = [](std::int64_t value) {
    NodeOptions options = valid();
    options.tombstone_ttl = milliseconds(value);
    return refusal(options);
  };
  CHECK(tombstone_ttl(999) == options_errc::bad_value);
  CHECK_FALSE(tombstone_ttl(1000));
  constexpr std::int64_t longest = milliseconds(groot::tombstone_ttl_max).count();
  CHECK_FALSE(tombstone_ttl(longest));
  CHECK(tombstone_ttl(longest + 1) == options_errc::bad_value);
}

TEST_CASE("no cookie, no node") {
  NodeOptions options = valid();
  options.cookie.clear();
  CHECK(refusal(options) == options_errc::no_cookie);
}
