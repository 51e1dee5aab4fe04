#include "journal/record_scan.hpp"

#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>

#include "parwork/journal_reader.hpp"

namespace parwork::detail {

std::vector<record> record_scan::read(database& in) {
  constexpr std::size_t most = 256;
  constexpr std::size_t most_bytes = 1 << 20;
  std::vector<record> some;
  left_.read(in);
  std::string select("SELECT ");
  select.append(record_columns).append(" FROM records WHERE rank > ? ORDER BY rank");
  statement query(in, select);
  query.bind(1, last_);
  for (std::size_t bytes = 0; bytes < most_bytes && some.size() < most && query.step();) {
    if (left_.contains(query.number(0))) continue;
    some.push_back(read_record(query));
    bytes += some.back().key.size() + some.back().value.size();
  }
  return some;
}

void show_record(const record& each, const std::filesystem::path& file,
                 const damage_listener& listener,
                 const std::function<void(const journal_record&)>& fn) {
  if (!each.is_sound()) return report_damage(each, file, listener);
  fn(journal_record(each.key, each.failed(), each.attempts, each.value));
}

void report_damage(const record& damaged, const std::filesystem::path& file,
                   const damage_listener& listener) {
  const journal_damage what{file, damaged.key,
                            "its bytes are not those that were written (checksum)"};
  if (listener) return listener(what);
  std::fprintf(stderr, "parwork: the journal %s has a damaged record, which is not used: \"%s\"\n",
               file.c_str(), printable(what.key).c_str());
}

std::string printable(std::string_view bytes) {
  constexpr std::size_t most = 80;
  std::string text;
  for (const char c : bytes.substr(0, most)) {
    const bool plain = static_cast<unsigned char>(c) >= 0x20 && c != 0x7f;
    text += plain ? c : '?';
  }
  return bytes.size() > most ? text + "..." : text;
}

}  // namespace parwork::detail
