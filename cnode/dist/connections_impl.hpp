// What Connections keeps and how it decides; only its two source files include this.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cnode/dist/connections.hpp"
#include "cnode/dist/dial_queue.hpp"
#include "cnode/dist/earliest.hpp"
#include "cnode/dist/limits.hpp"
#include "cnode/dist/redial.hpp"
#include "ei_codec/caught.hpp"

namespace groot::dist {

struct Connections::Impl {
  struct Connection {
    std::unique_ptr<Link> link;
    bool dialed = false;  // ours
    bool up = false;
    bool was_silent = false;  // before the peer closed it
    bool touched = false;     // stands in Impl::touched
    bool writable = false;    // has stood in Impl::writable since its output was taken
    bool awaits_room = false;

    [[nodiscard]] bool has_room() const { return link->backlog_bytes() <= room_backlog_bytes_max; }
    std::string address;
    std::optional<NodeName> peer;  // accepted: when the name has been received
  };

  // A node that we have, want or try to have a link to.
  struct Peer {
    bool for_good = false;  // dial whenever it is away
    bool found = false;     // the same, until it is released
    AskNumber once = 0;     // up to this one Node.connect waits for the outcome
    // Should the attempt under way fail, there is another at once: up to this one Node.connect
    // waits for that; or the cookie has changed since.
    AskNumber once_more = 0;
    bool anew = false;
    bool met = false;      // has been up
    bool failed = false;   // the last dial
    bool queued = false;   // waits to be dialled
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

    [[nodiscard]] bool is_kept() const { return for_good || found; }
    [[nodiscard]] bool is_needed() const {
      return is_kept() || once != 0 || up != 0 || replacement != 0 || is_trying();
    }
    // An attempt has begun.
    [[nodiscard]] bool is_under_way() const { return dialing || attempt != 0 || gave_way_to; }
    [[nodiscard]] bool is_trying() const { return queued || is_under_way(); }
  };

  explicit Impl(ConnectionsOptions given) : options(std::move(given)) {}

  // ---- peers ----

  Peer* find_peer(const NodeName& name);
  void forget_if_unneeded(const NodeName& name);
  const std::string& cookie_for(const NodeName& peer) const;
  void keep(const NodeName& name, bool Peer::*how);
  // As soon as there is room.
  void dial(const NodeName& name, Peer& peer);
  void stop_waiting(const NodeName& name, Peer& peer);
  // What has room now.
  void start_dials();
  void dial_is_over(const NodeName& name);
  void dial_later(Peer& peer, const std::error_code& reason, std::int64_t now_ms);
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
  void set_awaits_room(Connection& connection, bool awaits) {
    if (connection.awaits_room == awaits) return;
    connection.awaits_room = awaits;
    awaits ? ++awaiting_room : --awaiting_room;
  }
  // Has `queue` send on the link, if that is up.
  template <class Queue>
  void send(LinkId id, Queue&& queue) {
    Connection* const connection = find(id);
    if (connection == nullptr || !connection->link->is_up()) return;
    try {
      queue(*connection->link);
    } catch (...) {
      connection->link->give_up(caught_error());
    }
    note_output(id, *connection);
    if (!connection->link->is_up()) touch(id);
  }
  // Whether a handshake under way has given this challenge out, or is about to.
  [[nodiscard]] bool has_given_out(std::uint32_t challenge) const;
  // Removes the link; what it still has to say is written before the socket is closed, unless that
  // is closed at once.
  Connection remove(LinkId id, bool at_once = false);
  // A link that is up ends: because it broke, or for a reason of ours.
  void take_down(LinkId id, Error reason, std::int64_t now_ms, bool left = false);
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
  DialQueue dial_queue;
  std::multiset<NodeName> dials;  // handed out, without an outcome so far
  std::size_t handshakes = 0;     // of ours
  LinkId next_id = 1;
  std::deque<LinkId> touched;
  std::deque<ConnectionEvent> events;
  std::size_t awaiting_room = 0;  // links of which room_again is to tell: nearly always none
  std::vector<LinkId> writable;
  std::map<LinkId, std::vector<OutputChunk>> last_words;  // of links that are gone
  bool stopping = false;
};

}  // namespace groot::dist
