// MD5 by OpenSSL's EVP interface, with everything that can be reused kept between messages.
//
// Thread safety: an algorithm is shared, a hasher belongs to one thread at a time, digests are
// values.
//
// Cost: fetching the algorithm and making a hasher cost microseconds, hashing a short message less
// than 200 ns: make one hasher for each worker, never one for each message.
#pragma once

#include <openssl/evp.h>

#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace examples {

using md5_digest = std::array<unsigned char, 16>;

/// OpenSSL's MD5. Make it in main, before a run: what OpenSSL keeps for each thread is released
/// only where OpenSSL was used before the threads of the pool started.
class md5_algorithm {
 public:
  /// Throws `std::runtime_error` where OpenSSL has no MD5 (a FIPS configuration, for one).
  md5_algorithm() : fetched_(EVP_MD_fetch(nullptr, "MD5", nullptr)) {
    if (fetched_ == nullptr) throw std::runtime_error("OpenSSL provides no MD5 here");
  }

 private:
  friend class md5_hasher;

  struct deleter {
    void operator()(EVP_MD* fetched) const { EVP_MD_free(fetched); }
  };

  std::unique_ptr<EVP_MD, deleter> fetched_;
};

class md5_hasher {
 public:
  /// The algorithm may be destroyed before the hasher is.
  explicit md5_hasher(const md5_algorithm& algorithm) : context_(EVP_MD_CTX_new()) {
    if (context_ == nullptr) throw std::bad_alloc();
    check(EVP_DigestInit_ex2(context_.get(), algorithm.fetched_.get(), nullptr));
  }

  /// Begins a message.
  void start() { check(EVP_DigestInit_ex2(context_.get(), nullptr, nullptr)); }

  void add(std::span<const std::byte> bytes) {
    check(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()));
  }

  md5_digest finish() {
    md5_digest digest;
    check(EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr));
    return digest;
  }

  /// The digest of one whole message.
  md5_digest hash(std::string_view message) {
    start();
    add(std::as_bytes(std::span(message)));
    return finish();
  }

 private:
  struct deleter {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };

  static void check(int succeeded) {
    if (succeeded != 1) throw std::runtime_error("OpenSSL could not compute an MD5");
  }

  std::unique_ptr<EVP_MD_CTX, deleter> context_;
};

inline std::string to_hex(const md5_digest& digest) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string hex;
  for (const unsigned char byte : digest) {
    hex += digits[byte >> 4U];
    hex += digits[byte & 15U];
  }
  return hex;
}

/// Nothing where `hex` is not 32 hexadecimal digits.
inline std::optional<md5_digest> md5_from_hex(std::string_view hex) {
  md5_digest digest{};
  if (hex.size() != 2 * digest.size()) return std::nullopt;
  for (std::size_t at = 0; at < hex.size(); ++at) {
    const char digit = hex[at];
    unsigned value = 0;
    if (digit >= '0' && digit <= '9') {
      value = static_cast<unsigned>(digit - '0');
    } else if (digit >= 'a' && digit <= 'f') {
      value = static_cast<unsigned>(digit - 'a') + 10;
    } else if (digit >= 'A' && digit <= 'F') {
      value = static_cast<unsigned>(digit - 'A') + 10;
    } else {
      return std::nullopt;
    }
    digest[at / 2] = static_cast<unsigned char>(digest[at / 2] << 4U | value);
  }
  return digest;
}

}  // namespace examples
