#include "cnode/process/net_kernel_process.hpp"

#include "ei_codec/term_reader.hpp"

namespace groot::process {

bool NetKernelProcess::on_call(const ReplyTo& from, ScannedTerm request, const Delivery&,
                               const Now&) {
  ei_codec::TermReader reader(request);
  if (reader.take_tuple() != 2U || !reader.take_atom("is_auth")) return false;
  answer(from, ei_codec::atom("yes"));
  return true;
}

}  // namespace groot::process
