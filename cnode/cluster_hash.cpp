#include "cnode/cluster_hash.hpp"

#include <array>
#include <cstring>
#include <string>

#include <openssl/crypto.h>
#include <openssl/sha.h>

namespace groot {
namespace {

using Words = std::array<std::uint64_t, 4>;
static_assert(sizeof(Words) == SHA256_DIGEST_LENGTH);

// Frozen: nodes of different builds compare what they make of it.
Words digest_of(std::string_view label, std::string_view cookie) {
  std::string text(label);
  text += cookie;
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
  ::SHA256(reinterpret_cast<const std::uint8_t*>(text.data()), text.size(), digest.data());
  OPENSSL_cleanse(text.data(), text.size());
  Words words{};
  std::memcpy(words.data(), digest.data(), digest.size());
  return words;
}

}  // namespace

ClusterHash cluster_hash(std::string_view cookie) {
  ClusterHash made;
  made.secret.words = digest_of("groot: hash of keys: ", cookie);
  made.check = static_cast<std::int64_t>(digest_of("groot: check of it: ", cookie)[0] >> 1);
  return made;
}

}  // namespace groot
