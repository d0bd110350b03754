// What the tests of this layer are written with: terms from Erlang text, and a router whose frames
// pass through the wire format in both directions.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "cnode/process/log_throttle.hpp"
#include "cnode/process/outbox.hpp"
#include "cnode/process/router.hpp"
#include "ei_codec/term.hpp"

namespace groot::process::testing {

using dist::Pid;
using dist::Reference;
using ei_codec::Atom;
using ei_codec::Bytes;
using ei_codec::ByteView;
using ei_codec::ScannedTerm;
using ei_codec::Term;

inline constexpr std::int64_t wall_start_ms = 1'700'000'000'000;
inline const std::string us = "us@127.0.0.1";

NodeName node(std::string_view name);
// A term from Erlang text; fails the test when it is none.
Term erl(std::string_view text);
Bytes encoded(std::string_view text);
// As Erlang text.
std::string text(const Term& term);
std::string text(ByteView encoded);
Term decoded(ByteView encoded);
Bytes whole(const SharedMessage& message);

// H and R as stock Groot writes them.
Term stamp_term(std::uint64_t time, std::uint64_t counter, std::uint64_t node_id);
Term register_term(const Term& key, const Term& value, std::uint64_t time,
                   std::uint64_t counter = 0, std::uint64_t node_id = 9);

// A frame that the router sent, after a trip over the wire.
struct Sent {
  LinkId link = 0;
  Control control;
  Term message;           // [] when there is none
  std::size_t bytes = 0;  // on the wire, unfragmented

  template <class T>
  [[nodiscard]] const T* get() const {
    return std::get_if<T>(&control);
  }
};

// What a node begins with that was there before.
struct Earlier {
  std::function<void(store::Replica& replica, const Now& now)> load = nullptr;
  std::vector<store::KeptPeer> kept_peers = {};
  std::int64_t memory_id = 0;
  std::vector<NodeName> connect = {};
};

class Script {
 public:
  explicit Script(HiddenFeed feed = HiddenFeed::off, const std::string& name = us,
                  std::uint64_t node_id = 1, RemoteAdmin admin = RemoteAdmin::full,
                  Saving saving = Saving::off, const store::ReplicaOptions& replica_options = {},
                  const Earlier& earlier = {});

  // Links have the numbers 1, 2, 3 …
  LinkId up(const std::string& name, bool visible = false);
  LinkId up(const std::string& name, dist::Flags negotiated);
  // What is sent on link up is thrown away.
  LinkId quiet_up(const std::string& name);
  void down(LinkId link, bool left = false);

  void receive(LinkId link, const Control& control);
  void receive(LinkId link, const Control& control, const Term& message);
  void receive_bytes(LinkId link, const Control& control, ByteView message);
  // {'$gen_cast', Message} to a registered name.
  void cast(LinkId link, std::string_view name, const Term& message);
  // gen_server:call with the tag [alias|Ref]: the reply; fails the test when there is none.
  Term call(LinkId link, std::string_view name, const Term& request);
  // erpc:call: what its process ends with, but for the first element: {return, V} and so on.
  Term rpc(LinkId link, std::string_view module, std::string_view function,
           std::vector<Term> arguments);
  // The same, as text; "V" for {return, V}.
  std::string rpc_text(LinkId link, std::string_view module, std::string_view function,
                       std::string_view arguments);

  // Time passes; the router wakes whenever it asked to.
  void pass(std::int64_t milliseconds);

  // The frames since the last call of either, oldest first.
  std::vector<Sent> take_sent();
  // Those of one operation; the others are thrown away.
  template <class T>
  std::vector<Sent> take_sent_as() {
    std::vector<Sent> all = take_sent();
    std::erase_if(all, [](const Sent& sent) { return !sent.get<T>(); });
    return all;
  }
  // The other actions since the last call, of one kind.
  template <class T>
  std::vector<T> take_actions_as() {
    collect();
    std::vector<T> found;
    for (const Action& action : actions_) {
      if (const auto* one = std::get_if<T>(&action)) found.push_back(*one);
    }
    std::erase_if(actions_, [](const Action& a) { return std::holds_alternative<T>(a); });
    return found;
  }
  // The lines logged at warning and above since the last call. No lines but those that the throttle
  // admits are among the actions.
  std::vector<std::string> take_warnings();

  // The value under a key, both as Erlang text; "none" when absent.
  [[nodiscard]] std::string get(std::string_view key) const;
  void set(std::string_view key, std::string_view value);

  // A process of a peer, for frames that come from one.
  [[nodiscard]] Pid pid_of(LinkId link, std::uint32_t id = 77) const;
  [[nodiscard]] Pid own_pid(ServedPid served) const;
  Reference new_reference(LinkId link);
  [[nodiscard]] const std::string& link_name(LinkId link) const { return link_names_.at(link); }

  // Whether links take at once what is sent on them; else those that room() is awaited of.
  bool has_room = true;
  std::vector<LinkId> awaiting_room;

  Now now{1'000, wall_start_ms};
  store::Replica replica;
  Router router;

 private:
  void collect();
  void collect_once(std::vector<LinkId>& awaiting);

  std::string name_;
  std::vector<std::string> link_names_{""};
  std::vector<Action> actions_;
  std::vector<Sent> sent_;
  std::uint32_t references_ = 0;
  LogThrottle throttle_;
};

}  // namespace groot::process::testing
