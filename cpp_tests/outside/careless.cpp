// Warnings in here are errors with this project's flags, which are not for users of its library.
#include "cnode/node.hpp"

int main(int argc, char** argv) {
  const char letter = argc;
  unsigned number = (unsigned)letter;
  int argc_too = number;
  { int number = argc_too; }
}
