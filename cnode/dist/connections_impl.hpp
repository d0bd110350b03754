// What Connections keeps and how it decides; only its two source files include this.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cnode/dist/connections.hpp"
#include "cnode/dist/earliest.hpp"
#include "cnode/dist/redial.hpp"

namespace groot::dist {

struct Connections::Impl {
  struct Connection {
    std::unique_ptr<Link> link;
    bool dialed = false;  // ours
    bool up = false;
    bool touched = false;   // stands in Impl::touched
    bool writable = false;  // has stood in Impl::writable since its output was taken
    std::string address;
    std::optional<NodeName> peer;  // accepted: when the name has been received
  };

  // A node that we have, want or try to have a link to.
  struct Peer {
    bool kept = false;     // dial whenever it is away
    bool once = false;     // Node.connect waits for the outcome
    bool dialing = false;  // Dial was handed out, dialed or dial_failed is to come
    LinkId attempt = 0;    // ours, shaking hands
    LinkId up = 0;
    LinkId replacement = 0;  // accepted, answered `alive`
    // Until next_dial_ms the peer's own connection is awaited: this one, or with 0, after `nok`,
    // one that is to come.
    std::optional<LinkId> gave_way_to;
    bool insists = false;  // the one that it gave way to came to nothing: the next dial does not
    std::optional<std::int64_t> next_dial_ms;
    Redial redial;

    [[nodiscard]] bool is_needed() const {
      return kept || once || up != 0 || replacement != 0 || is_trying();
    }
    [[nodiscard]] bool is_trying() const { return dialing || attempt != 0 || gave_way_to; }
  };

  explicit Impl(ConnectionsOptions given) : options(std::move(given)) {}

  // ---- peers ----

  Peer* find_peer(const NodeName& name);
  void forget_if_unneeded(const NodeName& name);
  const std::string& cookie_for(const NodeName& peer) const;
  void dial(const NodeName& name, Peer& peer);
  void dial_later(Peer& peer, std::int64_t now_ms);
  void dial_at(Peer& peer, std::int64_t at_ms);
  void give_way(Peer& peer, LinkId to, std::int64_t now_ms);
  // Our own attempt came to nothing.
  void attempt_failed(const NodeName& name, std::string address, Error reason, std::int64_t now_ms);

  // ---- links ----

  Connection* find(LinkId id);
  LinkId add(std::unique_ptr<Link> link, std::string address, std::optional<NodeName> peer);
  // The link may have events.
  void touch(LinkId id);
  // The link may have output.
  void note_output(LinkId id, Connection& connection);
  // Has `queue` send on the link, if that is up.
  template <class Queue>
  void send(LinkId id, Queue&& queue) {
    Connection* const connection = find(id);
    if (connection == nullptr || !connection->link->is_up()) return;
    queue(*connection->link);
    note_output(id, *connection);
    if (!connection->link->is_up()) touch(id);
  }
  // Removes the link; what it still has to say is written before the socket is closed, unless that
  // is closed at once.
  Connection remove(LinkId id, bool at_once = false);
  // A link that is up ends: because it broke, or for a reason of ours.
  void take_down(LinkId id, Error reason, std::int64_t now_ms);
  // A connection that has become needless ends: nothing to report.
  void drop(LinkId id);
  // The newest accepted connection that claims to be `name` and has not proved it, or 0.
  [[nodiscard]] LinkId unproved(const NodeName& name) const;
  // Drops the accepted connections that claim to be `name` and have not proved it.
  void drop_unproved(const NodeName& name, LinkId except);
  // Ends the link in whatever state it is.
  void end(LinkId id, const Error& reason, std::int64_t now_ms);

  // ---- what the links report ----

  void on_name(LinkId id, const PeerInfo& info, std::int64_t now_ms);
  void on_replacement(const PeerInfo& info, std::int64_t now_ms);
  void on_up(LinkId id, const PeerInfo& info, std::int64_t now_ms);
  void on_closed(LinkId id, Error reason, std::int64_t now_ms);
  void accepted_failed(const Connection& connection, Error reason);
  void on_event(LinkId id, LinkEvent event, std::int64_t now_ms);
  // The oldest accepted connection that has not said a name, else the oldest that has not proved
  // it, when there are too many.
  void make_room();

  ConnectionsOptions options;
  std::map<NodeName, std::string> cookies;
  std::map<NodeName, Peer> peers;
  std::map<LinkId, Connection> links;  // by age
  Earliest deadlines;                  // of links and peers
  LinkId next_id = 1;
  std::deque<LinkId> touched;
  std::deque<ConnectionEvent> events;
  std::vector<LinkId> writable;
  std::map<LinkId, std::vector<OutputChunk>> last_words;  // of links that are gone
  bool stopping = false;
};

}  // namespace groot::dist
