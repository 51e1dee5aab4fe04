#include "jobs/command_template.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <utility>

namespace cli {
namespace {

constexpr const char* shell = "/bin/sh";
constexpr std::size_t first_value = 4;  // of its arguments: sh -c COMMAND sh VALUE...

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

// `braces`: what stands between { and }. Nothing where that is no placeholder of ours.
std::optional<command_template::piece> command_template::parse_placeholder(
    std::string_view braces) {
  if (braces == "#") return piece{.from = source::sequence};
  if (braces == "%") return piece{.from = source::slot};
  piece found{.from = source::items};
  std::size_t number = 0;
  const auto [end, fault] = std::from_chars(braces.data(), braces.data() + braces.size(), number);
  if (fault == std::errc()) {
    if (number == 0) return std::nullopt;
    found.from = source::column;
    found.column = number - 1;
    braces.remove_prefix(static_cast<std::size_t>(end - braces.data()));
  }
  const auto part = std::ranges::find(path_parts, braces, &decltype(path_parts)::value_type::first);
  if (part == path_parts.end()) return std::nullopt;
  found.part = part->second;
  return found;
}

// For a shell "${1}" is its own, and no placeholder.
command_template::word command_template::parse(std::string_view text, language in) {
  word pieces;
  std::string literal;
  const auto end_literal = [&] {
    if (!literal.empty()) pieces.push_back({.text = std::exchange(literal, {})});
  };
  while (!text.empty()) {
    const bool is_expansion =
        in == language::shell && literal.ends_with('$') && !literal.ends_with("\\$");
    const bool begins = text.front() == '{' && !is_expansion;
    const std::size_t close = begins ? text.find('}') : std::string_view::npos;
    const auto found = close == std::string_view::npos
                           ? std::nullopt
                           : parse_placeholder(text.substr(1, close - 1));
    if (found) {
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

command_template command_template::of_words(const std::vector<std::string>& words) {
  command_template made;
  for (const std::string& each : words) made.words_.push_back(parse(each, language::words));
  made.starts_one_program_ = !has_placeholder(made.words_.front());
  if (std::ranges::none_of(made.words_, has_placeholder)) {
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

command_template command_template::of_shell(std::string_view command) {
  command_template made;
  made.for_shell_ = true;
  word pieces = parse(command, language::shell);
  made.gives_arguments_ = uses_arguments(pieces);
  if (!has_placeholder(pieces) && !made.gives_arguments_) {
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

// sh -c '_1=$1 _2=$2; shift 2; COMMAND' sh VALUE VALUE: the command sees no arguments but those it
// asks for, which follow.
std::vector<std::string> command_template::expand_shell(const placeholder_values& job) const {
  std::string command, settings;
  std::vector<std::string> arguments{shell, "-c", "", shell};  // the last: $0, for its messages
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
      settings.append("_").append(number).append("=${").append(number).append("} ");
      command += shell_variable("_" + number, each.quoted);
      arguments.push_back(std::move(value));
    }
  }
  const std::size_t count = arguments.size() - first_value;
  if (gives_arguments_) {
    arguments.insert(arguments.end(), job.columns.begin(), job.columns.end());
  }
  if (count > 0) {
    settings.back() = ';';
    settings += " shift " + std::to_string(count) + "; ";
  }
  arguments[2] = settings + command;
  return arguments;
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
