// Remote calls: spawn requests (erpc and rpc since OTP 23, spawn of a function of ours) and the
// server `rex` (block_call, and `call` as OTP 22 and C nodes send it). distribution.md 6.3.
#pragma once

#include "cnode/process/remote_functions.hpp"
#include "cnode/process/served_process.hpp"
#include "cnode/process/spawned.hpp"
#include "ei_codec/term_reader.hpp"

namespace groot::process {

class RpcProcess final : public ServedProcess {
 public:
  RpcProcess(const NodeName& self, Outbox& outbox, Spawned& spawned,
             const RemoteFunctions& functions)
      : ServedProcess(outbox, ServedPid::rex, "rex"),
        self_(self),
        spawned_(spawned),
        functions_(functions) {}

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

  const NodeName& self_;
  Spawned& spawned_;
  const RemoteFunctions& functions_;
};

}  // namespace groot::process
