// Writes what is made from the table of options into the folder of the tool's sources: see
// commands/documents.hpp.

#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "commands/documents.hpp"
#include "support/error.hpp"

namespace {

void write(const std::filesystem::path& file, const std::string& text) {
  std::ofstream to(file, std::ios::binary);
  to << text << std::flush;
  if (!to) throw cli::error(file.string() + " cannot be written");
}

std::string read(const std::filesystem::path& file) {
  std::ifstream from(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(from), {}};
}

}  // namespace

int main(int count, char** values) {
  try {
    if (count != 2) throw cli::error("usage: parwork_documents FOLDER");
    const std::filesystem::path folder = values[1];
    write(folder / "completions/parwork.bash", cli::bash_completion());
    write(folder / "completions/_parwork", cli::zsh_completion());
    write(folder / "completions/parwork.fish", cli::fish_completion());
    write(folder / "parwork.1.in", cli::with_options(read(folder / "parwork.1.in")));
    return 0;
  } catch (const std::exception& fault) {
    std::cerr << fault.what() << '\n';
    return 1;
  }
}
