// The actions of a router as those want them who look at one frame of one link at a time.
#pragma once

#include <utility>
#include <variant>
#include <vector>

#include "cnode/process/router.hpp"

namespace groot::testing {

[[nodiscard]] inline std::vector<process::Action> one_by_one(std::vector<process::Action> actions) {
  std::vector<process::Action> made;
  made.reserve(actions.size());
  for (process::Action& action : actions) {
    if (const auto* same = std::get_if<process::SendFrames>(&action)) {
      for (const process::LinkId link : same->links) {
        made.emplace_back(process::SendFrame{link, same->control, same->message});
      }
    } else {
      made.push_back(std::move(action));
    }
  }
  return made;
}

}  // namespace groot::testing
