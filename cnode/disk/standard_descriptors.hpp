// Keeps the descriptors 0 to 2 out of the hands of files. A program may be started with some of
// them closed; the next file that it opens gets the number, and what anybody prints goes into it.
#pragma once

namespace groot::disk {

// Puts /dev/null where one of the three is closed; those that are open stay as they are. Any
// thread. What this process opens later has other numbers, until somebody closes one of them.
void occupy_standard_descriptors();

}  // namespace groot::disk
