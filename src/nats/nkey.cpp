#include "nats/nkey.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <fstream>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <vector>

#include "parwork/nats_errors.hpp"

namespace parwork::nats::detail {
namespace {

// The format is nkeys': base32 without padding of one or two bytes that tell the kind, the key, and
// a CRC-16 (XMODEM), its low byte first. https://github.com/nats-io/nkeys
constexpr std::string_view base32_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::uint8_t kind_seed = 18U << 3U;  // 'S'
constexpr std::uint8_t kind_user = 20U << 3U;  // 'U'
constexpr std::size_t key_bytes = 32;
constexpr std::size_t seed_digits = 58;

std::uint16_t crc16(std::span<const std::uint8_t> bytes) {
  std::uint32_t crc = 0;
  for (const std::uint8_t byte : bytes) {
    crc ^= static_cast<std::uint32_t>(byte) << 8U;
    for (int bit = 0; bit < 8; ++bit) crc = (crc << 1U) ^ ((crc & 0x8000U) != 0 ? 0x1021U : 0U);
  }
  return static_cast<std::uint16_t>(crc & 0xffffU);
}

std::optional<std::vector<std::uint8_t>> from_base32(std::string_view text) {
  std::vector<std::uint8_t> bytes;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const auto digit = base32_digits.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = (bits << 5U) | static_cast<std::uint32_t>(digit);
    held += 5;
    if (held >= 8) {
      held -= 8;
      bytes.push_back(static_cast<std::uint8_t>((bits >> held) & 0xffU));
    }
  }
  return bytes;
}

std::string to_base32(std::span<const std::uint8_t> bytes) {
  std::string text;
  std::uint32_t bits = 0;
  int held = 0;
  for (const std::uint8_t byte : bytes) {
    bits = (bits << 8U) | byte;
    held += 8;
    while (held >= 5) {
      held -= 5;
      text.push_back(base32_digits[(bits >> held) & 0x1fU]);
    }
  }
  if (held > 0) text.push_back(base32_digits[(bits << (5 - held)) & 0x1fU]);
  return text;
}

[[noreturn]] void reject_seed() {
  throw std::invalid_argument("parwork: this is no seed of a user's nkey (SU...)");
}

/// The 32 bytes of the private key. A seed has two bytes of kind: 5 bits 'S', 8 bits what it is of.
std::vector<std::uint8_t> private_key(std::string_view seed) {
  auto bytes = from_base32(seed);
  if (!bytes || seed.size() != seed_digits || bytes->size() != 2 + key_bytes + 2) reject_seed();
  const std::span whole(*bytes);
  const auto sum = static_cast<std::uint16_t>(whole[34] | whole[35] << 8U);
  const auto what = static_cast<std::uint8_t>((whole[0] & 7U) << 5U | (whole[1] & 0xf8U) >> 3U);
  if (crc16(whole.first(34)) != sum || (whole[0] & 0xf8U) != kind_seed || what != kind_user) {
    reject_seed();
  }
  std::vector<std::uint8_t> key(bytes->begin() + 2, bytes->begin() + 2 + key_bytes);
  OPENSSL_cleanse(bytes->data(), bytes->size());
  return key;
}

}  // namespace

std::string public_nkey(std::string_view seed) {
  auto secret = private_key(seed);
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, secret.data(), secret.size()),
      &EVP_PKEY_free);
  OPENSSL_cleanse(secret.data(), secret.size());
  std::array<std::uint8_t, 1 + key_bytes + 2> bytes{kind_user};
  std::size_t size = key_bytes;
  if (!key || EVP_PKEY_get_raw_public_key(key.get(), bytes.data() + 1, &size) != 1) reject_seed();
  const std::uint16_t sum = crc16(std::span(bytes).first(1 + key_bytes));
  bytes[1 + key_bytes] = static_cast<std::uint8_t>(sum & 0xffU);
  bytes[2 + key_bytes] = static_cast<std::uint8_t>(sum >> 8U);
  return to_base32(bytes);
}

std::string public_nkey_of_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) {
    throw access_denied("login.nkey_seed_file '" + path +
                        "' cannot be read: it is to hold the seed of a user's nkey (SU...)");
  }
  for (std::string word; file >> word;) {
    if (!word.starts_with("SU")) continue;
    try {
      std::string key = public_nkey(word);
      OPENSSL_cleanse(word.data(), word.size());
      return key;
    } catch (const std::invalid_argument&) {
      break;  // said below, with the file's name
    }
  }
  throw access_denied("login.nkey_seed_file '" + path + "' holds no seed of a user's nkey (SU...)");
}

}  // namespace parwork::nats::detail
