// Random operations against a model so simple that it can be seen to be right: a std::map of the
// latest write, searched from one end to the other for everything else.
#include <algorithm>
#include <map>
#include <optional>
#include <string>

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "cpp_tests/store/script.hpp"
#include "store/replica.hpp"

using namespace groot::store;
using namespace groot::store::testing;

namespace {

constexpr std::int64_t ttl_ms = 400;

struct Model {
  struct Write {
    Timestamp stamp;
    std::string value;  // of a tombstone: empty
    std::optional<std::int64_t> deadline;
    bool tombstone = false;
    std::int64_t goes_at = 0;  // of a tombstone
    bool compared = true;      // by other nodes: until it is ancient
  };
  static std::int64_t ancient_at(const Write& write) {
    return static_cast<std::int64_t>(write.stamp.time_ms) + ttl_ms;
  }
  std::map<std::string, Write> writes;

  void put(const std::string& key, Write write, std::int64_t wall_ms) {
    if (write.deadline && *write.deadline <= wall_ms) {
      write = {just_above(write.stamp), "", std::nullopt, true, 0};
    }
    if (write.tombstone) {
      write.goes_at = wall_ms + ttl_ms;
      write.compared = wall_ms < ancient_at(write);
    }
    writes[key] = write;
  }
  // Only stamps that differ from every other are merged here: ties are merge_property_test's.
  void merge(const std::string& key, const Write& write, std::int64_t wall_ms) {
    const auto held = writes.find(key);
    const bool ancient = write.tombstone && wall_ms >= ancient_at(write);
    if (held == writes.end() ? ancient : held->second.stamp > write.stamp) return;
    put(key, write, wall_ms);
  }
  void wake(std::int64_t wall_ms) {
    for (auto& [key, write] : writes) {
      if (write.deadline && *write.deadline <= wall_ms) put(key, Write(write), wall_ms);
      if (write.tombstone && ancient_at(write) <= wall_ms) write.compared = false;
    }
    std::erase_if(writes, [wall_ms](const auto& entry) {
      return entry.second.tombstone && entry.second.goes_at <= wall_ms;
    });
  }
  [[nodiscard]] std::string get(const std::string& key, std::int64_t wall_ms) const {
    const auto held = writes.find(key);
    if (held == writes.end() || held->second.tombstone) return "none";
    if (held->second.deadline && *held->second.deadline <= wall_ms) return "none";
    return held->second.value;
  }
  [[nodiscard]] std::optional<std::int64_t> next_wake() const {
    std::optional<std::int64_t> next;
    for (const auto& [key, write] : writes) {
      auto at = write.tombstone ? std::optional(write.goes_at) : write.deadline;
      if (write.tombstone && write.compared) at = std::min(*at, ancient_at(write));
      if (at) next = std::min(next.value_or(*at), *at);
    }
    return next;
  }
  [[nodiscard]] std::size_t values() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(writes, [](const auto& entry) { return !entry.second.tombstone; }));
  }
};

}  // namespace

TEST_CASE("property: the replica is its model") {
  CHECK(rc::check("sets, deletes, merges, time and clears", [] {
    Script s(ReplicaOptions{.node_id = 1, .tombstone_ttl_ms = ttl_ms});
    Model model;
    std::uint16_t merges = 0;
    const auto steps = *rc::gen::inRange(0, 120);
    for (int i = 0; i < steps; ++i) {
      const std::string key = *rc::gen::element<std::string>("a", "b", "c", "d");
      const std::string value = std::to_string(i);
      s.effects.clear();
      const auto issued = [&s] { return s.all<SendToAll>().at(0).reg->stamp(); };
      switch (*rc::gen::inRange(0, 8)) {
        case 0:
          s.erase(key);
          model.put(key, {issued(), "", std::nullopt, true, 0}, s.now.wall_ms);
          break;
        case 1: {
          const auto expires_in = *rc::gen::inRange<std::int64_t>(1, 300);
          s.set(key, value, expires_in);
          model.put(key, {issued(), value, s.now.wall_ms + expires_in, false, 0}, s.now.wall_ms);
          break;
        }
        case 2:
          s.set(key, value, 0);
          model.put(key, {issued(), "", std::nullopt, true, 0}, s.now.wall_ms);
          break;
        case 3:
          s.pass(*rc::gen::inRange(0, 200));
          s.replica.wake(s.now, s.effects);
          model.wake(s.now.wall_ms);
          break;
        case 4:  // time without a wake
          s.pass(*rc::gen::inRange(0, 50));
          break;
        case 5:
          if (*rc::gen::inRange(0, 10) == 0) {
            s.replica.clear(s.effects);
            model.writes.clear();
          }
          break;
        default: {
          const auto time = s.now.wall_ms + *rc::gen::inRange<std::int64_t>(-600, 600);
          // Node ids no write of ours and no expiry has.
          const Timestamp stamp{static_cast<std::uint64_t>(time), ++merges, 50};
          if (*rc::gen::inRange(0, 3) == 0) {
            s.merge_tombstone(key, stamp);
            model.merge(key, {stamp, "", std::nullopt, true, 0}, s.now.wall_ms);
          } else {
            std::optional<std::int64_t> deadline;
            if (*rc::gen::arbitrary<bool>()) {
              deadline = s.now.wall_ms + *rc::gen::inRange<std::int64_t>(-50, 200);
            }
            s.merge(key, value, stamp, deadline);
            model.merge(key, {stamp, value, deadline, false, 0}, s.now.wall_ms);
          }
        }
      }
      RC_ASSERT(s.replica.next_wake_wall_ms() == model.next_wake());
      RC_ASSERT(s.replica.size() == model.values());
      RC_ASSERT(registers(s.replica).size() == model.writes.size());
      for (const std::string name : {"a", "b", "c", "d"}) {
        RC_ASSERT(s.get(name) == model.get(name, s.now.wall_ms));
      }
    }
  }));
}
