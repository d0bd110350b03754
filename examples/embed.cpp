// Shares a feature flag with an Elixir cluster: embed flags@127.0.0.1 app@127.0.0.1
// On the Elixir side: Groot.set("dark_mode", true)
#include <iostream>
#include <string>

#include "cnode/node.hpp"

using namespace groot;

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: embed OWN_NAME@HOST PEER_NAME@HOST\n";
    return 1;
  }
  NodeOptions options;
  options.name = argv[1];
  options.long_names = options.name.find('.') != std::string::npos;
  options.connect = {argv[2]};
  // What a listener uses outlives the node.
  const Term flag = ei_codec::binary("dark_mode");
  const auto node = Node::start(options);
  if (!node) {
    std::cerr << node.error().text() << "\n";
    return 1;
  }
  (*node)->on_change([&](const Change& change) {
    if (change.key == flag) {
      std::cout << "dark_mode is now "
                << (change.value ? ei_codec::to_text(*change.value) : "unset") << std::endl;
    }
  });
  if (const auto set = (*node)->set(flag, false); !set) {
    std::cerr << set.error().text() << "\n";
  }
  std::cout << "press enter to leave" << std::endl;
  std::cin.get();
}
