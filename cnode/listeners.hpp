// Who listens to the changes of a node.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "cnode/node.hpp"
#include "store/register.hpp"

namespace groot {

// Any thread. The lock is held while listeners run, so that one that has been removed is not
// running either; a listener may add and remove listeners.
class Listeners {
 public:
  using Listener = std::function<void(const Change&)>;

  // A number for remove.
  std::uint64_t add(Listener listener);
  void remove(std::uint64_t number);
  // `failed` hears what a listener threw: the node must outlive it.
  void tell(const store::Register& reg, const std::function<void(const std::string&)>& failed);

 private:
  struct Entry {
    std::uint64_t number;
    std::shared_ptr<Listener> listener;
  };

  [[nodiscard]] bool is_listening(std::uint64_t number) const;

  std::recursive_mutex mutex_;
  std::vector<Entry> entries_;
  std::uint64_t last_number_ = 0;
};

}  // namespace groot
