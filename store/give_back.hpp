// Memory of a vector that has become much smaller goes back.
#pragma once

#include <cstddef>
#include <vector>

namespace groot::store {

// Call after elements were removed. It costs no more than what removed them.
template <class T>
void give_back(std::vector<T>& vector) {
  constexpr std::size_t capacity_min = 1'024;  // below it there is nothing to gain
  if (vector.capacity() > capacity_min && vector.size() * 4 < vector.capacity()) {
    vector.shrink_to_fit();
  }
}

}  // namespace groot::store
