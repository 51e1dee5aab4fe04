// Records of comma-separated values, as RFC 4180 has them: fields may be quoted, and what is quoted
// may have separators, newlines and, doubled, quotes.
#pragma once

#include <memory>

#include "input/byte_stream.hpp"
#include "input/item_source.hpp"

namespace cli {

/// An item is a record without its end (a newline, or a carriage return and a newline), and its
/// columns are the fields. A byte order mark at the beginning is left out. Throws cli::error that
/// names the line from `take` where text follows a closing quote, where a quote is not closed, and
/// where a record has more than 16 MiB.
[[nodiscard]] std::unique_ptr<item_source> csv_records_of(std::shared_ptr<byte_stream> stream,
                                                          char separator,
                                                          const item_format& format);

}  // namespace cli
