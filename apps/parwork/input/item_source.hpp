// Where items come from: words of the command line, or a stream cut at delimiters.
//
// Thread safety: `next` is called by one thread at a time; `stop` by any.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/descriptor.hpp"

namespace cli {

struct input_item {
  std::string bytes;
  bool whole = true;  // false: longer than any argument can be, and cut
};

class item_source {
 public:
  virtual ~item_source() = default;

  /// Nothing at the end, or when told to stop. Throws cli::error where input cannot be read.
  virtual std::optional<input_item> next() = 0;

  /// Makes a call of next that waits for input return.
  virtual void stop() noexcept {}

  /// How many items there are in all, where that is known without reading.
  [[nodiscard]] virtual std::optional<std::uint64_t> total() const { return std::nullopt; }

  /// How many are left after next was called for the last time, where that can be told without
  /// waiting.
  [[nodiscard]] virtual std::optional<std::uint64_t> count_rest() = 0;
};

/// What becomes of items that are empty or consist of blanks.
enum class blank_items : std::uint8_t { kept, skipped };

/// Items that are there already.
[[nodiscard]] std::unique_ptr<item_source> items_of(std::vector<std::string> words,
                                                    blank_items blank);

/// A stream. `name` is for messages. An item ends at a delimiter, or at the end of input where
/// bytes are left. Never reads more than one block ahead of what was asked for.
[[nodiscard]] std::unique_ptr<item_source> items_of(descriptor stream, std::string name,
                                                    std::string delimiter, blank_items blank);

/// Cuts text at a separator: "a,,b" has three parts. Never empty.
[[nodiscard]] std::vector<std::string> cut(std::string_view text, std::string_view separator);

}  // namespace cli
