// What the store's tests are written with: keys and values from text, a replica with its time and
// effects, and what is left of a replica when only its meaning counts.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "store/replica.hpp"

namespace groot::store::testing {

inline constexpr std::int64_t wall_start_ms = 1'700'000'000'000;

// A binary (BINARY_EXT) as key or value.
inline Bytes term(std::string_view text) {
  Bytes bytes{109, 0, 0, static_cast<std::uint8_t>(text.size() >> 8),
              static_cast<std::uint8_t>(text.size())};
  for (const char c : text) bytes.push_back(static_cast<std::uint8_t>(c));
  return bytes;
}
// A charlist (STRING_EXT): a key that is a list.
inline Bytes list_term(std::string_view text) {
  Bytes bytes{107, static_cast<std::uint8_t>(text.size() >> 8),
              static_cast<std::uint8_t>(text.size())};
  for (const char c : text) bytes.push_back(static_cast<std::uint8_t>(c));
  return bytes;
}
// The text of term(text); "nil" for the atom; "" for anything else.
inline std::string text_of(ByteView bytes) {
  if (ei_codec::same_bytes(bytes, nil_value())) return "nil";
  if (bytes.size() < 5 || bytes[0] != 109) return {};
  return std::string(ei_codec::as_text(bytes.subspan(5)));
}
inline std::string text_of(const RegisterPtr& reg) {
  return reg ? text_of(reg->value()) : "none";
}

// A register in words: "key=value@time.counter@node", "key deleted@...", with "until ..." added.
inline std::string describe(const Register& reg) {
  std::string text = text_of(reg.key());
  text += reg.is_tombstone() ? " deleted" : "=" + text_of(reg.value());
  text += "@" + to_text(reg.stamp());
  if (const auto at = reg.expires_at_ms()) text += " until " + std::to_string(*at);
  return text;
}

// Key bytes to all that a merge can see.
using Contents = std::map<Bytes, std::string>;
inline Contents contents(const Replica& replica) {
  Contents all;
  replica.for_each([&all](const RegisterPtr& reg) {
    all[Bytes(reg->key().begin(), reg->key().end())] = describe(*reg);
  });
  return all;
}
inline std::vector<RegisterPtr> registers(const Replica& replica) {
  std::vector<RegisterPtr> all;
  replica.for_each([&all](const RegisterPtr& reg) { all.push_back(reg); });
  return all;
}

// Valid as long as the registers are.
inline std::vector<RegisterView> views(const std::vector<RegisterPtr>& registers) {
  std::vector<RegisterView> all;
  for (const RegisterPtr& reg : registers) all.push_back(reg->view());
  return all;
}

// What the replica has for one peer, taken as soon as it says so.
struct SendTo {
  PeerId peer;
  std::vector<RegisterPtr> registers;
};
inline std::vector<RegisterPtr> take_lacking(Replica& replica, PeerId peer) {
  constexpr std::size_t enough = std::size_t{1} << 30;
  return replica.take_lacking(peer, enough, enough).registers;
}
inline std::vector<RegisterPtr> full_state_for(Replica& replica, PeerId peer) {
  replica.lacks_everything(peer);
  return take_lacking(replica, peer);
}

// A replica that a test talks to in words. Effects gather until taken.
struct Script {
  explicit Script(std::uint64_t node_id = 1) : Script(ReplicaOptions{.node_id = node_id}) {}
  explicit Script(const ReplicaOptions& options) : replica(options) {}

  Replica replica;
  Now now{10'000, wall_start_ms};
  Effects effects;

  void pass(std::int64_t ms) {
    now.monotonic_ms += ms;
    now.wall_ms += ms;
  }
  Timestamp stamp(std::int64_t after_start_ms, std::uint64_t node = 2) const {
    return {static_cast<std::uint64_t>(wall_start_ms + after_start_ms), 0, node};
  }
  void set(std::string_view key, std::string_view value,
           std::optional<std::int64_t> expires_in = std::nullopt) {
    REQUIRE(replica.set(term(key), term(value), expires_in, now, effects));
  }
  void erase(std::string_view key) { REQUIRE(replica.erase(term(key), now, effects)); }
  std::string get(std::string_view key) const {
    return text_of(replica.get(term(key), now.wall_ms));
  }
  MergeOutcome merge(std::string_view key, std::string_view value, const Timestamp& stamp,
                     std::optional<std::int64_t> expires_at = std::nullopt, PeerId from = 0) {
    const MergeOutcome outcome = replica.merge(
        from, {term(key), term(value), stamp, RegisterKind::value, expires_at}, now, effects);
    take_all_lacking();
    return outcome;
  }
  MergeOutcome merge_tombstone(std::string_view key, const Timestamp& stamp, PeerId from = 0) {
    return replica.merge(from, {term(key), {}, stamp, RegisterKind::tombstone, std::nullopt}, now,
                         effects);
  }
  // The register held, tombstones too; null when none.
  RegisterPtr held(std::string_view key) const {
    RegisterPtr found;
    replica.for_each([&](const RegisterPtr& reg) {
      if (text_of(reg->key()) == key) found = reg;
    });
    return found;
  }
  std::string description(std::string_view key) const {
    const RegisterPtr reg = held(key);
    return reg ? describe(*reg) : "none";
  }
  // Shows `state` as the peer's full state, as one comes off a wire: what came before is not read
  // again, the rest is merged a few at a time. How many were read.
  std::size_t full_state(PeerId peer, const std::vector<RegisterPtr>& state) {
    constexpr std::size_t batch_max = 3;
    std::vector<Bytes> encoded;
    Bytes all;
    for (const RegisterPtr& reg : state) {
      const std::string text = describe(*reg);
      encoded.emplace_back(text.begin(), text.end());
      all.insert(all.end(), text.begin(), text.end());
    }
    ByteView ahead = all;
    std::size_t read = 0;
    std::vector<RegisterView> batch;
    std::vector<ShownPair> pairs;
    replica.begin_full_state(peer);
    for (std::size_t place = 0; place < state.size();) {
      const Repeated repeated = replica.merge_repeated(peer, ahead, place, state.size() - place);
      ahead = ahead.subspan(repeated.bytes);
      place += repeated.pairs;
      if (place < state.size()) {
        batch.push_back(state[place]->view());
        pairs.push_back({encoded[place], place});
        ahead = ahead.subspan(encoded[place].size());
        ++read;
        ++place;
      }
      if (batch.size() < batch_max && place < state.size()) continue;
      replica.merge_full_state(peer, batch, now, effects, pairs);
      batch.clear();
      pairs.clear();
    }
    replica.end_full_state(peer, now, effects);
    take_all_lacking();
    return read;
  }

  template <class Kind>
  std::vector<Kind> all() const {
    std::vector<Kind> found;
    for (const Effect& effect : effects) {
      if (const auto* one = std::get_if<Kind>(&effect)) found.push_back(*one);
    }
    return found;
  }
  // What was sent to single peers, since the effects were last cleared.
  std::vector<SendTo> sent() {
    take_all_lacking();
    return sent_;
  }
  // "key=value@… except 3", in order.
  std::vector<std::string> announced() const {
    std::vector<std::string> found;
    for (const auto& one : all<SendToAll>()) {
      found.push_back(describe(*one.reg) + " except " + std::to_string(one.except));
    }
    return found;
  }
  // The keys sent to `peer`, sorted.
  std::vector<std::string> sent_to(PeerId peer) {
    std::vector<std::string> keys;
    for (const auto& one : sent()) {
      if (one.peer != peer) continue;
      for (const auto& reg : one.registers) keys.push_back(text_of(reg->key()));
    }
    std::ranges::sort(keys);
    return keys;
  }
  std::vector<Report> reports(Report::Cause cause) const {
    auto found = all<Report>();
    std::erase_if(found, [cause](const Report& report) { return report.cause != cause; });
    return found;
  }

 private:
  // Each time that the replica says that a peer lacks something is one entry, and its effect is of
  // no peer from then on.
  void take_all_lacking() {
    std::vector<SendTo> found;
    auto before = sent_.begin();
    for (Effect& effect : effects) {
      auto* const lacks = std::get_if<Lacks>(&effect);
      if (lacks == nullptr) continue;
      if (const PeerId peer = std::exchange(lacks->peer, 0); peer != 0) {
        found.push_back({peer, take_lacking(replica, peer)});
      } else {
        found.push_back(std::move(*before++));
      }
    }
    sent_ = std::move(found);
  }
  std::vector<SendTo> sent_;
};

inline RegisterPtr make_value(std::string_view key, std::string_view value, const Timestamp& stamp,
                              std::optional<std::int64_t> expires_at = std::nullopt) {
  const Bytes k = term(key);
  const Bytes v = term(value);
  return Register::make({k, v, stamp, RegisterKind::value, expires_at});
}
inline RegisterPtr make_tombstone(std::string_view key, const Timestamp& stamp) {
  const Bytes k = term(key);
  return Register::make({k, {}, stamp, RegisterKind::tombstone, std::nullopt});
}

using Words = std::vector<std::string>;

}  // namespace groot::store::testing
