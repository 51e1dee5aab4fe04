// Records of CSV.
#include "input/csv_source.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "support/error.hpp"

namespace {

using words = std::vector<std::string>;

// Gives as many bytes at a time as asked for.
class csv_bytes : public cli::byte_stream {
 public:
  csv_bytes(std::string bytes, std::size_t step) : bytes_(std::move(bytes)), step_(step) {}
  bool read(std::string& into, cli::waiting /*how*/) override {
    const std::size_t some = std::min(step_, bytes_.size() - at_);
    into.append(bytes_, at_, some);
    at_ += some;
    ended_ = some == 0;
    return true;
  }
  bool has_ended() const noexcept override { return ended_; }
  void stop() noexcept override {}
  const std::string& name() const noexcept override { return name_; }

 private:
  const std::string name_ = "test";
  const std::string bytes_;
  const std::size_t step_;
  std::size_t at_ = 0;
  bool ended_ = false;
};

struct csv_record {
  std::string bytes;
  words columns;
  bool operator==(const csv_record&) const = default;
};

std::vector<csv_record> records_in(const std::string& text, std::size_t step = 1000,
                                   const cli::item_format& format = {}, char separator = ',') {
  const auto source =
      cli::csv_records_of(std::make_shared<csv_bytes>(text, step), separator, format);
  std::vector<csv_record> found;
  while (auto next = source->next()) found.push_back({next->bytes, next->columns});
  EXPECT_TRUE(source->has_ended());
  return found;
}

std::vector<words> fields_in(const std::string& text, std::size_t step = 1000) {
  std::vector<words> found;
  for (const csv_record& each : records_in(text, step)) found.push_back(each.columns);
  return found;
}

std::string csv_fault_of(const std::string& text) {
  try {
    static_cast<void>(records_in(text));
  } catch (const cli::error& fault) {
    return fault.what();
  }
  return {};
}

TEST(csv_source, fields_of_the_standard) {
  for (const std::size_t step : {1, 2, 3, 1000}) {
    EXPECT_EQ(fields_in("a,b\nc,d\n", step), (std::vector<words>{{"a", "b"}, {"c", "d"}}));
    EXPECT_EQ(fields_in("a,b\r\nc,d", step), (std::vector<words>{{"a", "b"}, {"c", "d"}}));
    EXPECT_EQ(fields_in("\"a,\r\nb\",\"c \"\"d\"\"\"\r\n,\n", step),
              (std::vector<words>{{"a,\r\nb", "c \"d\""}, {"", ""}}));
    EXPECT_EQ(fields_in("a\"b,c\rd,\"\"\n", step), (std::vector<words>{{"a\"b", "c\rd", ""}}));
    EXPECT_EQ(fields_in("\xef\xbb\xbf\"a\",b\n\xef\xbb\xbf\n", step),
              (std::vector<words>{{"a", "b"}, {"\xef\xbb\xbf"}}));
    EXPECT_EQ(fields_in("\xef\xbb", step), (std::vector<words>{{"\xef\xbb"}}));
    EXPECT_EQ(fields_in("a\n\nb\n", step), (std::vector<words>{{"a"}, {""}, {"b"}}));
  }
  EXPECT_TRUE(fields_in("").empty());
  EXPECT_TRUE(fields_in("\xef\xbb\xbf").empty());
}

TEST(csv_source, an_item_is_the_record_as_it_is) {
  EXPECT_EQ(records_in("\"a\nb\",c\r\nd\n"),
            (std::vector<csv_record>{{"\"a\nb\",c", {"a\nb", "c"}}, {"d", {"d"}}}));
  EXPECT_EQ(records_in("a;b,c\n", 1, {}, ';'), (std::vector<csv_record>{{"a;b,c", {"a", "b,c"}}}));
}

TEST(csv_source, blank_records_and_one_that_was_cut_off_may_be_left_out) {
  EXPECT_EQ(records_in(" \n\na\n", 1000, {.blank = cli::blank_items::skipped}).size(), 1U);
  EXPECT_EQ(records_in("a\n\"b", 1000, {.last = cli::last_item::is_cut}).size(), 1U);
}

TEST(csv_source, what_is_no_csv_is_named_with_its_line) {
  EXPECT_NE(csv_fault_of("a\n\"b\nc\"\n\"d").find("line 4"), std::string::npos);
  EXPECT_NE(csv_fault_of("a\n\"b\"c\n").find("line 2"), std::string::npos);
  EXPECT_NE(csv_fault_of("\"b\"\rc\n").find("closing quote"), std::string::npos);
  EXPECT_NE(csv_fault_of("\"" + std::string(17 << 20, 'x')).find("16 MiB"), std::string::npos);
}

// What is quoted, in any way that the standard allows, is read back.
TEST(csv_source, any_text_can_be_a_field) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 draw(seed);
  const std::string letters = "a\",\n\r ";
  for (int i = 0; i < 200; ++i) {
    std::vector<words> expected;
    std::string text;
    for (std::size_t records = draw() % 5; records > 0; --records) {
      words fields;
      for (std::size_t count = 1 + draw() % 4; count > 0; --count) {
        std::string field, quoted = "\"";
        for (std::size_t length = draw() % 6; length > 0; --length) {
          field += letters[draw() % letters.size()];
          quoted += field.back() == '"' ? "\"\"" : std::string(1, field.back());
        }
        if (!fields.empty()) text += ',';
        text += quoted + '"';
        fields.push_back(field);
      }
      text += draw() % 2 == 0 ? "\n" : "\r\n";
      expected.push_back(fields);
    }
    EXPECT_EQ(fields_in(text, 1 + draw() % 7), expected) << text;
  }
}

}  // namespace
