#include "cnode/dist/dist_error.hpp"

#include <string>

namespace groot::dist {

namespace {

class DistCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "distribution"; }

  std::string message(int code) const override {
    switch (static_cast<dist_errc>(code)) {
      case dist_errc::bad_node_name:
        return "not a node name";
      case dist_errc::bad_handshake:
        return "a handshake message breaks the protocol";
      case dist_errc::handshake_timeout:
        return "the handshake was not finished in time";
      case dist_errc::wrong_cookie:
        return "the peer does not know our cookie";
      case dist_errc::refused_cookie:
        return "the peer refused our cookie";
      case dist_errc::reflected_challenge:
        return "the peer does not know our cookie: it sent us our own challenge";
      case dist_errc::missing_flags:
        return "the peer lacks mandatory distribution flags";
      case dist_errc::not_allowed:
        return "the peer does not allow us to connect";
      case dist_errc::nok:
        return "gave way to a simultaneous connection";
      case dist_errc::not_wanted:
        return "another connection of the two nodes is kept";
      case dist_errc::wrong_name:
        return "another node than the one dialled answered";
      case dist_errc::frame_too_large:
        return "a frame is larger than the limit";
      case dist_errc::sequences_full:
        return "more messages were begun in fragments than may be unfinished";
      case dist_errc::bad_frame:
        return "a frame breaks the protocol";
      case dist_errc::unknown_operation:
        return "a control message that we did not ask for";
      case dist_errc::tick_timeout:
        return "nothing was received for the tick time";
      case dist_errc::peer_closed:
        return "the connection ended";
      case dist_errc::backlog_full:
        return "the peer does not read what is sent to it";
      case dist_errc::replaced:
        return "replaced by a newer connection of the same node";
      case dist_errc::requested:
        return "disconnected on request";
      case dist_errc::stopping:
        return "this node is stopping";
      case dist_errc::connect_failed:
        return "the peer cannot be reached";
      case dist_errc::not_registered:
        return "the peer's epmd does not know the name";
      case dist_errc::bad_epmd_reply:
        return "epmd gave an unknown answer";
      case dist_errc::name_taken:
        return "the name is registered by another node";
    }
    return "unknown distribution error " + std::to_string(code);
  }
};

}  // namespace

const std::error_category& dist_category() {
  static const DistCategory category;
  return category;
}

std::error_code make_error_code(dist_errc code) {
  return {static_cast<int>(code), dist_category()};
}

}  // namespace groot::dist
