// One message on its way to many links. Encoded once for all that have agreed on the same flags,
// and queued as the same bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "cnode/dist/control.hpp"
#include "cnode/dist/flags.hpp"
#include "cnode/dist/output_chunks.hpp"

namespace groot::dist {

class Broadcast {
 public:
  // `control` must outlive it.
  Broadcast(const Control& control, SharedMessage message)
      : control_(control), message_(std::move(message)) {}
  Broadcast(const Broadcast&) = delete;
  Broadcast& operator=(const Broadcast&) = delete;

  [[nodiscard]] const Control& control() const { return control_; }
  [[nodiscard]] const SharedMessage& message() const { return message_; }
  // Head and message, for a link with these flags.
  [[nodiscard]] const SharedBytes& frame(Flags negotiated) {
    if (!frame_ || negotiated != flags_) {
      Bytes bytes;
      encode_frame_head(control_, message_.size(), negotiated, bytes);
      message_.append_to(bytes);
      frame_ = std::make_shared<const Bytes>(std::move(bytes));
      flags_ = negotiated;
    }
    return frame_;
  }

 private:
  const Control& control_;
  SharedMessage message_;
  SharedBytes frame_;
  Flags flags_;
};

}  // namespace groot::dist
