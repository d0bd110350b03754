// Several Connections in one process, joined by wires in memory: what the shell does, without
// sockets. The test decides when dials connect, when bytes travel and what time it is.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "cnode/dist/connections.hpp"
#include "cpp_tests/dist/wire.hpp"

namespace groot::dist::test {

class Network {
 public:
  struct Node {
    std::unique_ptr<Connections> connections;
    std::deque<NodeName> dials;  // asked for, not yet connected
    // "up b@h", "down b@h: replaced", "left b@h: ended", "dial b@h: nok", "failed b@h: nok"
    std::vector<std::string> log;
    std::vector<AskNumber> answered;  // by failed attempts
    std::vector<std::string> frames;
    std::map<LinkId, std::size_t> wires;     // by link: the wire
    std::map<std::string, LinkId> up_links;  // by peer
    std::vector<CloseSocket> closings;
  };

  // Adds or, with a name that is there, restarts a node: the old one is gone without a word.
  Node& start(const std::string& node, const std::string& cookie = "cookie",
              std::uint32_t creation = 10);
  Node& at(const std::string& node) { return nodes_.at(node); }

  // The oldest dial of `node` connects; the first bytes do not travel yet. Returns the wire.
  std::size_t connect(const std::string& node);
  // The oldest dial of `node` connects to someone who only says what the test says. Returns the
  // wire.
  std::size_t connect_to_stranger(const std::string& node);
  // Every dial of `node` fails.
  void refuse(const std::string& node);
  // Someone connects to `node` who only says what the test says. Returns the wire.
  std::size_t connect_stranger(const std::string& node);
  void say(std::size_t wire, const Bytes& bytes);
  // What the stranger of the wire has heard, and whether its connection is open.
  [[nodiscard]] const Bytes& heard(std::size_t wire) const { return wires_.at(wire).heard; }
  [[nodiscard]] bool is_open(std::size_t wire) const { return wires_.at(wire).open; }

  // Bytes travel on all wires, in pieces of that size, until nothing moves.
  void settle(std::size_t piece = 1'000'000);
  // What is on its way to `node` arrives; the answer does not travel yet.
  void deliver_to(std::size_t wire, const std::string& node);
  // Bytes on this wire stay where they are until told otherwise.
  void hold(std::size_t wire, bool held) { wires_.at(wire).held = held; }

  void advance(std::int64_t milliseconds);  // and wakes all
  [[nodiscard]] std::int64_t now_ms() const { return now_ms_; }
  void drain(const std::string& node);

 private:
  struct End {
    std::string node;  // empty: a stranger, or a node that is gone
    LinkId link = 0;
    Bytes inbound;  // on the way to this end
  };
  struct Wire {
    End ends[2];
    Bytes heard;
    bool open = true;
    bool held = false;
  };

  void take_events(const std::string& node);
  void take_output(const std::string& node);
  bool deliver(Wire& wire, std::size_t piece);
  void close(std::size_t wire, const std::string& by);

  std::map<std::string, Node> nodes_;
  std::deque<Wire> wires_;
  std::int64_t now_ms_ = 0;
  std::uint32_t random_ = 1;
};

}  // namespace groot::dist::test

template <>
struct doctest::StringMaker<std::vector<std::string>> {
  static String convert(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) text += "[" + line + "]";
    return text.c_str();
  }
};
