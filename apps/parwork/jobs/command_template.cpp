#include "jobs/command_template.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <utility>

#include "support/error.hpp"

namespace cli {
namespace {

constexpr std::size_t first_value = 4;  // of its arguments: sh -c COMMAND sh VALUE...

// A shell sets so many variables by assignments, more of them by a loop: that takes bash less time.
constexpr std::size_t most_assignments = 99;
// No argument may have more bytes than 128 KiB with its end: longer strings are cut into parts.
constexpr std::size_t part_of_string = std::size_t{120} * 1024;

// Upper bounds, for line_length.
constexpr std::size_t bytes_of_word = 1 + sizeof(char*);  // besides its text
constexpr std::size_t digits = 20;
constexpr std::size_t longest_settings = 2048;
constexpr std::size_t longest_use = 20;  // of a variable: '"${_123456}"' and a space

std::string_view without_extension(std::string_view path) {
  const std::size_t dot = path.find_last_of("./");
  return dot != std::string_view::npos && path[dot] == '.' ? path.substr(0, dot) : path;
}

std::string_view name_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// As dirname(1): "a" is in ".", "/" is in itself, and slashes at the end do not count.
std::string_view folder_of(std::string_view path) {
  const auto trim = [](std::string_view text) {
    while (text.size() > 1 && text.ends_with('/')) text.remove_suffix(1);
    return text;
  };
  path = trim(path);
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return slash == 0 ? path.substr(0, 1) : trim(path.substr(0, slash));
}

constexpr std::array<std::pair<std::string_view, path_part>, 5> path_parts{{
    {"", path_part::whole},
    {".", path_part::without_extension},
    {"/", path_part::name},
    {"//", path_part::folder},
    {"/.", path_part::name_without_extension},
}};

}  // namespace

std::string take_part(std::string_view path, path_part part) {
  switch (part) {
    case path_part::whole:
      break;
    case path_part::without_extension:
      return std::string(without_extension(path));
    case path_part::name:
      return std::string(name_of(path));
    case path_part::folder:
      return std::string(folder_of(path));
    case path_part::name_without_extension:
      return std::string(without_extension(name_of(path)));
  }
  return std::string(path);
}

// A name, or a name with a part of a path behind it.
std::optional<command_template::piece> command_template::parse_name(std::string_view braces,
                                                                    const column_names& names) {
  const auto column_of = [&](std::string_view name, path_part part) -> std::optional<piece> {
    const auto found = std::ranges::find(names, name);
    if (found == names.end()) return std::nullopt;
    return piece{.from = source::column,
                 .part = part,
                 .column = static_cast<std::size_t>(found - names.begin())};
  };
  if (braces.empty()) return std::nullopt;
  if (auto whole = column_of(braces, path_part::whole)) return whole;
  for (const auto& [text, part] : path_parts) {
    if (text.empty() || !braces.ends_with(text) || braces.size() == text.size()) continue;
    const auto name = braces.substr(0, braces.size() - text.size());
    if (auto found = column_of(name, part)) return found;
  }
  return std::nullopt;
}

// `braces`: what stands between { and }. Nothing where that is no placeholder of ours.
std::optional<command_template::piece> command_template::parse_placeholder(
    std::string_view braces, const column_names& names) {
  if (braces == "#") return piece{.from = source::sequence};
  if (braces == "%") return piece{.from = source::slot};
  piece found{.from = source::items};
  std::size_t number = 0;
  const auto [end, fault] = std::from_chars(braces.data(), braces.data() + braces.size(), number);
  if (fault == std::errc()) {
    if (number == 0) return parse_name(braces, names);
    found.from = source::column;
    found.column = number - 1;
  }
  const auto behind = braces.substr(
      found.from == source::column ? static_cast<std::size_t>(end - braces.data()) : 0);
  const auto part = std::ranges::find(path_parts, behind, &decltype(path_parts)::value_type::first);
  if (part == path_parts.end()) return parse_name(braces, names);
  found.part = part->second;
  return found;
}

// For a shell "${1}" is its own, and no placeholder.
command_template::word command_template::parse(std::string_view text, language in,
                                               const column_names& names) {
  word pieces;
  std::string literal;
  const auto end_literal = [&] {
    if (!literal.empty()) pieces.push_back({.text = std::exchange(literal, {})});
  };
  const auto placeholder_at = [&](std::size_t brace) -> std::optional<piece> {
    const std::size_t close = text.find('}', brace);
    if (close == std::string_view::npos) return std::nullopt;
    return parse_placeholder(text.substr(brace + 1, close - brace - 1), names);
  };
  while (!text.empty()) {
    const bool is_expansion =
        in == language::shell && literal.ends_with('$') && !literal.ends_with("\\$");
    const bool begins = text.front() == '{' && !is_expansion;
    const bool is_doubled = begins && text.starts_with("{{") && placeholder_at(1).has_value();
    const std::size_t close = begins ? text.find('}') : std::string_view::npos;
    const auto found = begins && !is_doubled ? placeholder_at(0) : std::nullopt;
    if (is_doubled) {  // text, with one brace less
      literal += text.substr(1, close);
      text.remove_prefix(close + 1);
    } else if (found) {
      end_literal();
      pieces.push_back(*found);
      text.remove_prefix(close + 1);
    } else {
      literal += text.front();
      text.remove_prefix(1);
    }
  }
  end_literal();
  return pieces;
}

bool command_template::has_placeholder(const word& pieces) {
  return std::ranges::any_of(pieces,
                             [](const piece& each) { return each.from != source::literal; });
}

void command_template::refuse_items(const word& pieces) {
  for (const piece& each : pieces) {
    if (each.from != source::items && each.from != source::column) continue;
    throw error(
        "a placeholder such as {} or {1} stands for an item, and with --pipe a job has none: it "
        "has a block as its standard input, and the block's number as {#}; {{} is {} as text");
  }
}

command_template command_template::of_words(const std::vector<std::string>& words,
                                            const column_names& names, item_place place) {
  command_template made;
  for (const std::string& each : words) {
    made.words_.push_back(parse(each, language::words, names));
  }
  made.starts_one_program_ = !has_placeholder(made.words_.front());
  if (place == item_place::nowhere) {
    std::ranges::for_each(made.words_, refuse_items);
  } else if (std::ranges::none_of(made.words_, has_placeholder)) {
    made.words_.push_back({{.from = source::items}});
  }
  return made;
}

namespace {

void require_place_for_item(std::string_view command) {
  quote_scanner scanner;
  scanner.read(command);
  scanner.require_argument_position();
}

}  // namespace

// Whether the shell would expand $1, $@ or their like somewhere.
bool command_template::uses_arguments(const word& pieces) {
  quote_scanner scanner;
  for (const piece& each : pieces) {
    const std::string_view text = each.from == source::literal ? std::string_view(each.text) : "x";
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '$' && scanner.expands() && i + 1 < text.size()) {
        const std::size_t name = i + (text[i + 1] == '{' ? 2 : 1);
        const char c = name < text.size() ? text[name] : ' ';
        if ((c >= '1' && c <= '9') || c == '@' || c == '*') return true;
      }
      scanner.read(text.substr(i, 1));
    }
  }
  return false;
}

command_template command_template::of_shell(std::string_view command, const column_names& names,
                                            std::string program, item_place place) {
  command_template made;
  made.shell_ = std::move(program);
  made.for_shell_ = true;
  word pieces = parse(command, language::shell, names);
  made.gives_arguments_ = uses_arguments(pieces);
  if (place == item_place::nowhere) {
    refuse_items(pieces);
  } else if (!has_placeholder(pieces) && !made.gives_arguments_) {
    require_place_for_item(command);
    pieces.push_back({.text = " "});
    pieces.push_back({.from = source::items});
  }
  quote_scanner scanner;
  for (piece& each : pieces) {
    if (each.from == source::literal) {
      scanner.read(each.text);
    } else {
      const bool is_number = each.from == source::sequence || each.from == source::slot;
      if (!is_number) each.quoted = scanner.here();
      scanner.read("x");  // for what stands there, as far as quotes are concerned
    }
  }
  made.words_.push_back(std::move(pieces));
  return made;
}

std::vector<std::string> command_template::values_of(const piece& each,
                                                     const placeholder_values& job) {
  switch (each.from) {
    case source::literal:
      return {each.text};
    case source::sequence:
      return {std::to_string(job.sequence)};
    case source::slot:
      return {std::to_string(job.slot)};
    case source::column:
      return {each.column < job.columns.size() ? take_part(job.columns[each.column], each.part)
                                               : std::string()};
    case source::items:
      break;
  }
  std::vector<std::string> all;
  all.reserve(job.items.size());
  for (const std::string& item : job.items) all.push_back(take_part(item, each.part));
  return all;
}

std::string command_template::joined(const word& pieces, const placeholder_values& job) {
  std::string text;
  for (const piece& each : pieces) {
    const std::vector<std::string> values = values_of(each, job);
    for (const std::string& value : values) {
      if (&value != &values.front()) text += ' ';
      text += value;
    }
  }
  return text;
}

namespace {

// Sets _1, _2 ... to the first arguments, and leaves the others to the command.
std::string settings_of(std::size_t count) {
  if (count == 0) return {};
  std::string text;
  if (count > most_assignments) {
    text = R"(_n=0; for _v do _n=$((_n + 1)); eval "_$_n=\$_v"; done; unset _n _v;)";
  } else {
    for (std::size_t i = 1; i <= count; ++i) {
      const std::string number = std::to_string(i);
      text.append("_").append(number).append("=${").append(number).append("} ");
    }
    text.back() = ';';
  }
  return text.append(" shift ").append(std::to_string(count)).append("; ");
}

// No character of UTF-8 is cut: a shell may look at them.
std::vector<std::string> parts_of(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    std::size_t end = std::min(text.size(), part_of_string);
    for (int i = 0; i < 3 && end < text.size() && (text[end] & 0xc0) == 0x80; ++i) --end;
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return parts;
}

// sh -c 'eval "shift 2; ${1}${2}"' sh PART PART VALUE...
void put_string_into_parts(std::vector<std::string>& arguments, std::string_view text) {
  std::vector<std::string> parts = parts_of(text);
  std::string put_together = "eval \"shift " + std::to_string(parts.size()) + "; ";
  for (std::size_t i = 1; i <= parts.size(); ++i) {
    put_together.append("${").append(std::to_string(i)).append("}");
  }
  arguments[2] = put_together + '"';
  arguments.insert(arguments.begin() + first_value, std::make_move_iterator(parts.begin()),
                   std::make_move_iterator(parts.end()));
}

}  // namespace

// sh -c '_1=$1 _2=$2; shift 2; COMMAND' sh VALUE VALUE: the command sees no arguments but those it
// asks for, which follow.
std::vector<std::string> command_template::expand_shell(const placeholder_values& job) const {
  std::string command;
  std::vector<std::string> arguments{shell_, "-c", "", shell_};  // the last: $0, for its messages
  for (const piece& each : words_.front()) {
    const bool from_item = each.from == source::items || each.from == source::column;
    std::vector<std::string> values = values_of(each, job);
    for (std::string& value : values) {
      if (&value != &values.front()) command += ' ';
      if (!from_item) {
        command += value;
        continue;
      }
      const std::string number = std::to_string(arguments.size() - first_value + 1);
      command += shell_variable("_" + number, each.quoted);
      arguments.push_back(std::move(value));
    }
  }
  const std::string text = settings_of(arguments.size() - first_value) + command;
  if (gives_arguments_) {
    arguments.insert(arguments.end(), job.columns.begin(), job.columns.end());
  }
  if (text.size() > part_of_string) {
    put_string_into_parts(arguments, text);
  } else {
    arguments[2] = text;
  }
  return arguments;
}

namespace {

std::size_t part_size(const std::string& item, path_part part) {
  return part == path_part::whole ? item.size() : take_part(item, part).size();
}

void add_argument(line_length& line, std::size_t bytes) {
  line.total += bytes + bytes_of_word;
  line.longest = std::max(line.longest, bytes + 1);
}

}  // namespace

line_length command_template::length_without_items() const {
  line_length line;
  line.text.assign(words_.size(), 0);
  if (for_shell_) {
    add_argument(line, longest_settings);
    line.total += bytes_of_word * (first_value + 1);
  }
  for (std::size_t i = 0; i < words_.size(); ++i) {
    for (const piece& each : words_[i]) {
      if (each.from == source::literal) line.text[i] += each.text.size();
      if (each.from == source::sequence || each.from == source::slot) line.text[i] += digits;
    }
    const bool items_alone = words_[i].size() == 1 && words_[i].front().from == source::items;
    if (for_shell_) {
      line.total += line.text[i];
    } else if (!items_alone) {
      add_argument(line, line.text[i]);
    }
  }
  return line;
}

// The string itself is cut into parts as need be: it counts, and has no greatest length.
void command_template::lengthen_shell(line_length& line, const std::string& item) const {
  for (const piece& each : words_.front()) {
    const bool is_meant =
        each.from == source::items || (each.from == source::column && each.column == line.items);
    if (!is_meant) continue;
    add_argument(line, part_size(item, each.part));
    line.total += longest_use;
  }
  if (gives_arguments_) add_argument(line, item.size());
}

void command_template::lengthen(line_length& line, const std::string& item) const {
  if (for_shell_) lengthen_shell(line, item);
  for (std::size_t i = 0; i < words_.size() && !for_shell_; ++i) {
    if (words_[i].size() == 1 && words_[i].front().from == source::items) {
      add_argument(line, part_size(item, words_[i].front().part));
      continue;
    }
    const std::size_t before = line.text[i];
    for (const piece& each : words_[i]) {
      if (each.from == source::items) line.text[i] += part_size(item, each.part) + 1;
      if (each.from == source::column && each.column == line.items) {
        line.text[i] += part_size(item, each.part);
      }
    }
    line.total += line.text[i] - before;
    line.longest = std::max(line.longest, line.text[i] + 1);
  }
  ++line.items;
}

bool command_template::uses_slot() const noexcept {
  return std::ranges::any_of(words_, [](const word& pieces) {
    return std::ranges::find(pieces, source::slot, &piece::from) != pieces.end();
  });
}

std::vector<std::string> command_template::expand(const placeholder_values& job) const {
  if (for_shell_) return expand_shell(job);
  std::vector<std::string> arguments;
  arguments.reserve(words_.size() + job.items.size());
  for (const word& pieces : words_) {
    if (pieces.size() == 1 && pieces.front().from == source::items) {
      std::vector<std::string> each = values_of(pieces.front(), job);
      std::ranges::move(each, std::back_inserter(arguments));
    } else {
      arguments.push_back(joined(pieces, job));
    }
  }
  return arguments;
}

}  // namespace cli
