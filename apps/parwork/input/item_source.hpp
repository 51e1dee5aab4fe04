// Where items come from: words of the command line, or a stream cut at delimiters.
//
// Thread safety: `take` is called by one thread at a time; `stop` by any.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "input/byte_stream.hpp"
#include "support/descriptor.hpp"

namespace cli {

struct input_item {
  std::string bytes;                      // of a combination: none
  std::vector<std::string> columns = {};  // of a combination, or fields of CSV
  bool whole = true;                      // false: longer than any argument can be, and cut
};

class item_source {
 public:
  virtual ~item_source() = default;

  /// Nothing at the end, when told to stop, or where it shall not wait and nothing is there; for
  /// nothing it does not wait when told to stop either. Throws cli::error where input cannot be
  /// read.
  virtual std::optional<input_item> take(waiting how) = 0;
  [[nodiscard]] std::optional<input_item> next() { return take(waiting::for_input); }

  /// Whether the last call gave nothing because nothing is left.
  [[nodiscard]] virtual bool has_ended() const noexcept = 0;

  /// Makes a call of next that waits for input return.
  virtual void stop() noexcept {}

  /// How many items there are in all, where that is known without reading.
  [[nodiscard]] virtual std::optional<std::uint64_t> total() const { return std::nullopt; }
};

/// What becomes of items that are empty or consist of blanks.
enum class blank_items : std::uint8_t { kept, skipped };

/// Items that are there already.
[[nodiscard]] std::unique_ptr<item_source> items_of(std::vector<std::string> words,
                                                    blank_items blank);

/// Whether bytes behind the last delimiter are an item: not where the stream was cut off.
enum class last_item : std::uint8_t { counts, is_cut };

/// How a stream is cut into items.
struct item_format {
  std::string delimiter = "\n";
  blank_items blank = blank_items::kept;
  last_item last = last_item::counts;
};

/// An item ends at a delimiter, or at the end of input where bytes are left. Never reads more than
/// one block ahead of what was asked for.
[[nodiscard]] std::unique_ptr<item_source> items_of(std::shared_ptr<byte_stream> stream,
                                                    const item_format& format);

/// The same of a descriptor. `name` is for messages.
[[nodiscard]] std::unique_ptr<item_source> items_of(descriptor stream, std::string name,
                                                    std::string delimiter, blank_items blank);

/// Cuts text at a separator: "a,,b" has three parts. Never empty.
[[nodiscard]] std::vector<std::string> cut(std::string_view text, std::string_view separator);

}  // namespace cli
