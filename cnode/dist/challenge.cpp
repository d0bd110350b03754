#include "cnode/dist/challenge.hpp"

#include <string>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "ei_codec/result.hpp"

namespace groot::dist {

Digest make_digest(std::string_view cookie, std::uint32_t challenge) {
  std::string proof(cookie);
  proof += std::to_string(challenge);
  Digest digest{};
  unsigned size = 0;
  const int done = EVP_Digest(proof.data(), proof.size(), digest.data(), &size, EVP_md5(), nullptr);
  OPENSSL_cleanse(proof.data(), proof.size());
  // A library without MD5 (a FIPS build) can join no Erlang cluster: nothing to fall back to.
  invariant(done == 1 && size == digest.size(), "OpenSSL offers MD5");
  return digest;
}

bool same_digest(const Digest& a, const Digest& b) {
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace groot::dist
