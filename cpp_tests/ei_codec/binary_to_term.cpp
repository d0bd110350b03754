#include "binary_to_term.hpp"

#include <array>
#include <cstdint>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

#include "ei_codec/term_tags.hpp"

namespace groot::ei_codec {

BinaryToTerm::BinaryToTerm() {
  int to[2];
  int from[2];
  if (pipe(to) != 0 || pipe(from) != 0) throw std::runtime_error("no pipes");
  beam_ = fork();
  if (beam_ < 0) throw std::runtime_error("no process");
  if (beam_ == 0) {
    dup2(to[0], STDIN_FILENO);
    dup2(from[1], STDOUT_FILENO);
    for (const int end : {to[0], to[1], from[0], from[1]}) close(end);
    execlp("escript", "escript", GROOT_SOURCE_DIR "/cpp_tests/golden/binary_to_term.escript",
           nullptr);
    _exit(127);
  }
  close(to[0]);
  close(from[1]);
  to_ = fdopen(to[1], "wb");
  from_ = fdopen(from[0], "rb");
  if (to_ == nullptr || from_ == nullptr) throw std::runtime_error("no streams");
}

BinaryToTerm::~BinaryToTerm() {
  std::fclose(to_);  // the BEAM ends with its input
  std::fclose(from_);
  waitpid(beam_, nullptr, 0);
}

std::optional<std::size_t> BinaryToTerm::used(ByteView bytes) {
  std::array<std::uint8_t, 4> number;
  store_u32(static_cast<std::uint32_t>(bytes.size()), number.data());
  const bool sent = std::fwrite(number.data(), 1, 4, to_) == 4 &&
                    std::fwrite(bytes.data(), 1, bytes.size(), to_) == bytes.size() &&
                    std::fflush(to_) == 0;
  if (!sent || std::fread(number.data(), 1, 4, from_) != 4) throw std::runtime_error("no BEAM");
  if (load_u32(number.data()) == 0) return std::nullopt;
  if (std::fread(number.data(), 1, 4, from_) != 4) throw std::runtime_error("no BEAM");
  return load_u32(number.data());
}

}  // namespace groot::ei_codec
