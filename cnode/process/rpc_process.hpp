// Remote calls: spawn requests (erpc and rpc since OTP 23, spawn of a function of ours) and the
// server `rex`. distribution.md 6.3.
//
// What rex of OTP 25 to 29 understands, and what is answered here:
//
//   gen_call  {block_call, M, F, Args, Leader}    the value, or {badrpc, {'EXIT', {Reason, Stack}}}
//             {call, M, F, Args, Leader}          the same, as OTP 22 calls
//             stop, anything else                 {error, {unknown_request, Text}}; OTP stops at
//                                                 one, and lets the caller of the other wait
//   gen_cast  {cast, M, F, Args, Leader}          nothing; rpc:cast of a node that knows no erpc
//   plain     {From, {call, M, F, Args, Leader}}  {rex, Value} to From, as C nodes call
//             {From, {sbcast, Name, Message}}     Message to Name, and {rex, Node, Node} to From,
//                                                 or {rex, Node, {nonexisting_name, Name}}
//             {From, {send, Name, Message}}       {From, Message} to Name, which answers; where
//                                                 there is none, rex does as above
//             {From, features_request}            {features_reply, Node, [erpc]} to From
//             anything else                       nothing
//
// The leader, whom a BEAM sends what the function prints, is heeded nowhere: nothing is printed.
#pragma once

#include <functional>

#include "cnode/process/remote_functions.hpp"
#include "cnode/process/served_process.hpp"
#include "cnode/process/spawned.hpp"
#include "ei_codec/term_reader.hpp"

namespace groot::process {

class RpcProcess final : public ServedProcess {
 public:
  // Delivers a message of `from` to a process of this node. False: no registered process is that.
  using Deliver = std::function<bool(LinkId link, const std::optional<Pid>& from,
                                     const dist::Target& to, ScannedTerm message, const Now& now)>;

  RpcProcess(const NodeName& self, Outbox& outbox, Spawned& spawned,
             const RemoteFunctions& functions, Deliver deliver)
      : ServedProcess(outbox, ServedPid::rex, "rex"),
        self_(self),
        spawned_(spawned),
        functions_(functions),
        deliver_(std::move(deliver)) {}

  // Always answers SPAWN_REPLY first: a BEAM drops the link over anything else.
  void spawn(LinkId link, const dist::SpawnRequest& request, ScannedTerm arguments, const Now& now);

 protected:
  bool on_call(const ReplyTo& from, ScannedTerm request, const Delivery& delivery,
               const Now& now) override;
  bool on_cast(ScannedTerm message, const Delivery& delivery, const Now& now) override;
  void on_info(const Delivery& delivery, const Now& now) override;

 private:
  void execute_call(const Pid& pid, const Arguments& arguments, const Now& now);
  void execute_cast(const Pid& pid, const Arguments& arguments, const Now& now);
  void run(const Pid& pid, std::string_view module, std::string_view function,
           const Arguments& arguments, const Now& now);
  // {Name, M, F, Args, GroupLeader}, with the name taken already. False when malformed.
  bool apply(ei_codec::TermReader& reader, const Now& now, const Finish& finish);
  // The same of a call in a plain message.
  void call_of_c_node(const Pid& caller, ei_codec::TermReader& reader, LinkId link, const Now& now);
  // sbcast and send, of which Name and Message are left.
  void pass_on(const Pid& caller, ei_codec::TermReader& reader, bool with_caller,
               const Delivery& delivery, const Now& now);

  const NodeName& self_;
  Spawned& spawned_;
  const RemoteFunctions& functions_;
  Deliver deliver_;
};

}  // namespace groot::process
