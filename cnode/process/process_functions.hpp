// erlang and Process, for remote calls: which processes there are here, and what each of them is.
// What OTP's shell and libraries ask of every node of a cluster (c:ni, c:nregs, rpc:pinfo).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cnode/process/remote_functions.hpp"
#include "cnode/process/signals.hpp"

namespace groot::process {

class ProcessFunctions {
 public:
  ProcessFunctions(const Outbox& outbox, const Spawned& spawned, const RegisteredNames& names)
      : outbox_(outbox), spawned_(spawned), names_(names) {}
  ProcessFunctions(const ProcessFunctions&) = delete;
  ProcessFunctions& operator=(const ProcessFunctions&) = delete;

  void add_to(RemoteFunctions& functions);

 private:
  void add_names(RemoteFunctions& functions);
  void add_processes(RemoteFunctions& functions);
  // Those that live as long as the node, then those that peers spawned.
  [[nodiscard]] std::vector<Pid> processes() const;
  [[nodiscard]] bool is_alive(const Pid& pid) const;
  // "" for a process without one.
  [[nodiscard]] std::string_view name_of(const Pid& pid) const;
  // The pid of a process of this node, living or not, or why the argument is none.
  [[nodiscard]] Result<Pid> own_pid(const Arguments& arguments) const;
  // What process_info/1 and /2 say; nothing when the process has ended.
  Result<std::optional<Term>> info(const Arguments& arguments) const;

  const Outbox& outbox_;
  const Spawned& spawned_;
  const RegisteredNames& names_;
};

}  // namespace groot::process
