// 'net_kernel': what net_adm:ping and Node.ping ask for. {is_auth, Node} → yes.
#pragma once

#include "cnode/process/served_process.hpp"

namespace groot::process {

class NetKernelProcess final : public ServedProcess {
 public:
  explicit NetKernelProcess(Outbox& outbox)
      : ServedProcess(outbox, ServedPid::net_kernel, "net_kernel") {}

 protected:
  bool on_call(const ReplyTo& from, ScannedTerm request, const Delivery& delivery,
               const Now& now) override;
};

}  // namespace groot::process
