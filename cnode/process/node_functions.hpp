// erlang, Node, net_kernel and net_adm, for remote calls: what the node is, whom it is connected
// to, and connecting, disconnecting, cookies.
#pragma once

#include <functional>
#include <vector>

#include "cnode/process/peers.hpp"
#include "cnode/process/remote_functions.hpp"

namespace groot::process {

class NodeFunctions {
 public:
  NodeFunctions(const NodeName& self, Outbox& outbox, Peers& peers)
      : self_(self), outbox_(outbox), peers_(peers) {}
  NodeFunctions(const NodeFunctions&) = delete;
  NodeFunctions& operator=(const NodeFunctions&) = delete;

  void add_to(RemoteFunctions& functions);

  // Answer the Node.connect and Node.ping that wait for this node.
  void peer_up(const NodeName& peer, const Now& now) { answer_waiting(peer, true, asked_, now); }
  // Those up to this number.
  void connect_failed(const NodeName& peer, dist::AskNumber answers, const Now& now) {
    answer_waiting(peer, false, answers, now);
  }

 private:
  struct Waiting {
    dist::AskNumber number;
    NodeName peer;
    Term yes;
    Term no;
    Finish finish;
  };

  void add_views(RemoteFunctions& functions);
  static void add_time(RemoteFunctions& functions);
  void add_connecting(RemoteFunctions& functions);
  Result<Bytes> nodes(std::vector<std::string> kinds);
  Result<Bytes> disconnect(const Arguments& arguments);
  Result<Bytes> set_cookie(std::optional<std::string> node, std::string cookie);
  void connect(const Arguments& arguments, Term yes, Term no, const Now& now, const Finish& finish);
  void answer_waiting(const NodeName& peer, bool up, dist::AskNumber last, const Now& now);

  const NodeName& self_;
  Outbox& outbox_;
  Peers& peers_;
  dist::AskNumber asked_ = 0;
  std::vector<Waiting> waiting_;
};

}  // namespace groot::process
