// Failures as bytes: kind, message, and the error code and the stage where it has them.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>

#include "parwork/codec.hpp"
#include "parwork/detail/journal_store.hpp"

namespace parwork::detail {

namespace {

// Kind, message, category and value of the code.
using parts = std::tuple<std::uint8_t, std::string, std::string, std::int32_t>;

constexpr auto last_kind = static_cast<std::uint8_t>(failure_kind::abandoned);

// A code comes back where its category is one of the standard library's: others live in programs.
const std::error_category* category_named(const std::string& name) {
  if (name == std::generic_category().name()) return &std::generic_category();
  if (name == std::system_category().name()) return &std::system_category();
  return nullptr;
}

}  // namespace

void encode_failure(const failure& why, std::string& into) {
  const std::error_code code = why.code();
  codec<parts>::encode({static_cast<std::uint8_t>(why.kind()), why.message(),
                        code ? code.category().name() : "", code.value()},
                       into);
  if (why.stage()) codec<std::uint32_t>::encode(*why.stage(), into);
}

failure decode_failure(std::string_view bytes) {
  const auto [kind, message, category, value] = codec<parts>::decode(bytes);
  std::optional<std::uint32_t> stage;
  if (!bytes.empty()) stage = codec<std::uint32_t>::decode(bytes);
  if (kind > last_kind || !bytes.empty()) throw codec_error("parwork: the bytes are no failure");
  const std::error_category* const known = category_named(category);
  const failure why = known != nullptr ? failure(std::error_code(value, *known))
                                       : failure(static_cast<failure_kind>(kind), message);
  return stage ? at_stage(why, *stage) : why;
}

}  // namespace parwork::detail
