// Who is dialled next. Only so many dials are under way at a time (limits.hpp), and who waits for
// one has a place by what is known of him: what cannot be reached holds up neither what somebody
// asks for nor what has not been tried.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "cnode/dist/node_name.hpp"

namespace groot::dist {

enum class DialClass {
  asked,  // somebody waits for the outcome
  first,  // has not failed since it was named, or lost; the latest has its turn first
  again,
};

class DialQueue {
 public:
  // Behind those of its class, but for `first`: thousands of names that nobody answers to do not
  // hold up who comes now. Who waits already is moved up where the class is a better one.
  void add(const NodeName& peer, DialClass dial_class);
  void remove(const NodeName& peer);
  // The one to be dialled now, and no longer waiting, while so many dials are under way.
  [[nodiscard]] std::optional<NodeName> take(std::size_t under_way);

 private:
  using Place = std::pair<DialClass, std::int64_t>;
  std::map<Place, NodeName> waiting_;
  std::map<NodeName, Place> places_;
  std::int64_t next_ = 0;
};

}  // namespace groot::dist
