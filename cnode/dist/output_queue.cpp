#include "cnode/dist/output_queue.hpp"

#include <type_traits>

#include "cnode/dist/limits.hpp"

namespace groot::dist {

namespace {

std::size_t write_frame(const Bytes& head, const SharedMessage& message, OutputChunks& out) {
  Bytes& chunk = out.open();
  chunk.insert(chunk.end(), head.begin(), head.end());
  for (const SharedPiece& piece : message.pieces()) out.append(piece);
  return head.size() + message.size();
}

}  // namespace

void OutputQueue::append(ByteView bytes) {
  Bytes& chunk = ready_.open();
  chunk.insert(chunk.end(), bytes.begin(), bytes.end());
}

std::size_t OutputQueue::send(const Control& control, SharedMessage message, Flags negotiated) {
  const Sender sender = sender_of(control);
  const auto lane = lanes_.empty() ? lanes_.end() : lanes_.find(sender);
  const bool large = negotiated.has(Flag::fragments) && message.size() > fragment_bytes / 2;
  if (large) {
    Bytes tuple;
    const MessagePlace place = encode_control(control, negotiated, tuple);
    // A reason inside the tuple cannot be cut off it.
    if (place == MessagePlace::payload && tuple.size() + message.size() > fragment_bytes) {
      const FragmentWriter writer(++sequences_, tuple, message);
      if (lane == lanes_.end()) turns_.push_back(sender);
      lanes_[sender].emplace_back(writer);
      return writer.bytes_left();
    }
  }
  if (lane == lanes_.end() && message.size() <= copied_message_bytes_max) {
    Bytes& chunk = ready_.open();
    const std::size_t before = chunk.size();
    encode_frame_head(control, message.size(), negotiated, chunk);
    message.append_to(chunk);
    return chunk.size() - before;
  }
  WholeFrame frame;
  encode_frame_head(control, message.size(), negotiated, frame.head);
  frame.message = std::move(message);
  const std::size_t bytes = frame.head.size() + frame.message.size();
  if (lane == lanes_.end()) {
    write_frame(frame.head, frame.message, ready_);
  } else {
    lane->second.emplace_back(std::move(frame));
  }
  return bytes;
}

std::size_t OutputQueue::send(Broadcast& broadcast, Flags negotiated) {
  if (!lanes_.empty() || broadcast.message().size() > copied_message_bytes_max) {
    return send(broadcast.control(), broadcast.message(), negotiated);
  }
  const SharedBytes& frame = broadcast.frame(negotiated);
  ready_.append(frame);
  return frame->size();
}

void OutputQueue::clear() {
  ready_.clear();
  lanes_.clear();
  turns_.clear();
}

std::vector<OutputChunk> OutputQueue::take(std::size_t fragments_bytes,
                                           std::vector<OutputChunk> emptied) {
  std::size_t bytes = 0;
  while (!turns_.empty() && bytes < fragments_bytes) {
    const Sender sender = turns_.front();
    turns_.pop_front();
    const auto lane = lanes_.find(sender);
    bytes += write_turn(lane->second, ready_);
    if (lane->second.empty()) {
      lanes_.erase(lane);
    } else {
      turns_.push_back(sender);
    }
  }
  return ready_.take(std::move(emptied));
}

std::size_t OutputQueue::write_turn(Lane& lane, OutputChunks& out) {
  auto& writer = std::get<FragmentWriter>(lane.front());
  const std::size_t left = writer.bytes_left();
  writer.write(out);
  std::size_t bytes = left - writer.bytes_left();
  if (!writer.done()) return bytes;
  lane.pop_front();
  while (!lane.empty()) {
    const auto* frame = std::get_if<WholeFrame>(&lane.front());
    if (frame == nullptr) break;
    bytes += write_frame(frame->head, frame->message, out);
    lane.pop_front();
  }
  return bytes;
}

OutputQueue::Sender OutputQueue::sender_of(const Control& control) {
  const auto of_pid = [](const Pid& pid) { return Sender{pid.id, pid.serial}; };
  const auto of_target = [&](const Target& target) {
    const auto* pid = std::get_if<Pid>(&target);
    return pid != nullptr ? of_pid(*pid) : Sender();
  };
  return std::visit(
      [&](const auto& message) {
        using Message = std::decay_t<decltype(message)>;
        if constexpr (std::is_same_v<Message, Send>) {
          return message.from ? of_pid(*message.from) : Sender();
        } else if constexpr (std::is_same_v<Message, MonitorPExit>) {
          return of_target(message.from);
        } else if constexpr (std::is_same_v<Message, SpawnReply>) {
          return of_target(message.result);  // before all that the new process says
        } else {
          return of_pid(message.from);
        }
      },
      control);
}

}  // namespace groot::dist
