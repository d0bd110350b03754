#include "cnode/disk/standard_descriptors.hpp"

#include <cerrno>
#include <fcntl.h>
#include <initializer_list>
#include <unistd.h>

namespace groot::disk {
namespace {

bool is_closed(int descriptor) {
  return ::fcntl(descriptor, F_GETFD) == -1 && errno == EBADF;
}

}  // namespace

void occupy_standard_descriptors() {
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (!is_closed(standard)) continue;
    // What is opened gets the lowest number that is free: this one. Where there is no /dev, a
    // directory takes its place, which can be neither read nor written.
    int taken = ::open("/dev/null", O_RDWR);
    if (taken < 0) taken = ::open("/", O_PATH | O_DIRECTORY);
    // Another thread was quicker to open a file: the number is taken, if by something else.
    if (taken > STDERR_FILENO) ::close(taken);
  }
}

}  // namespace groot::disk
