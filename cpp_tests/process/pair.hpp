// Two routers back to back, their frames over the wire format: two nodes of ours.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>

#include "script.hpp"

namespace groot::process::testing {

class Pair {
 public:
  Pair() : Pair(store::ReplicaOptions{}, store::ReplicaOptions{}) {}
  Pair(const store::ReplicaOptions& of_a, const store::ReplicaOptions& of_b,
       const Earlier& earlier_a = {}, const Earlier& earlier_b = {})
      : a(HiddenFeed::announce, "a@h", 1, RemoteAdmin::full, Saving::off, of_a, earlier_a),
        b(HiddenFeed::announce, "b@h", 2, RemoteAdmin::full, Saving::off, of_b, earlier_b) {}

  Script a;  // the lesser name: it asks in exchanges
  Script b;

  void connect();
  // The same, and nothing is carried yet.
  void connect_quietly();
  // What is under way is lost.
  void cut();
  // Carries frames until both are silent; the number carried.
  int settle() { return carry(INT32_MAX); }
  // The same, at most so many.
  int carry(int frames_max);
  void pass(std::int64_t ms);

  // Bytes of all frames carried since the start, headers included.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  // Frames to 'Elixir.Groot.Storage' carried since the start.
  [[nodiscard]] int to_storage() const { return to_storage_; }
  // The largest frame carried since the start, in bytes.
  [[nodiscard]] std::size_t largest() const { return largest_; }

  // Both hold the same registers, down to stamps, kinds and deadlines.
  [[nodiscard]] bool equal() const;

  // What each said to the other and has not been carried yet, oldest first.
  std::deque<Sent> from_a;
  std::deque<Sent> from_b;
  // Called with each frame that is carried.
  std::function<void(const Sent&)> on_frame = [](const Sent&) {};
  [[nodiscard]] LinkId to_a() const { return to_a_; }
  [[nodiscard]] LinkId to_b() const { return to_b_; }

 private:
  void gather();
  void deliver(Script& to, LinkId link, const Sent& sent);

  LinkId to_b_ = 0;
  LinkId to_a_ = 0;
  std::size_t bytes_ = 0;
  std::size_t largest_ = 0;
  int to_storage_ = 0;
};

// What a router sent reaches another one over this link.
void hand_over(const Sent& sent, Script& to, LinkId link);

// A register in words, by its key in words.
[[nodiscard]] std::map<std::string, std::string> contents(const store::Replica& replica);

}  // namespace groot::process::testing
