// Names of sessions: 128 random bits each, of a submitter's job or of a worker's life.
//
// Thread safety: values; make() may be called by any thread.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace parwork::nats::detail {

struct session_id {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  friend auto operator<=>(const session_id&, const session_id&) = default;

  /// Another one each time, from the operating system's random numbers.
  [[nodiscard]] static session_id make();
  /// 32 hexadecimal digits: a token of a subject.
  [[nodiscard]] std::string text() const;
  /// Nothing where the text is not what `text` returns.
  [[nodiscard]] static std::optional<session_id> from(std::string_view text);
};

struct session_id_hash {
  std::size_t operator()(const session_id& id) const noexcept {
    return std::hash<std::uint64_t>{}(id.high ^ id.low);  // random already
  }
};

}  // namespace parwork::nats::detail
