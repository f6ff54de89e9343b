#include "provisioner/classroom/student_name.h"

#include <array>
#include <vector>

#include "provisioner/base/text.h"
#include "provisioner/base/utf8.h"

namespace muster {

namespace {

/// What letters of Unicode's Latin blocks are folded to; "?": not at all.
struct Block {
  char32_t first;
  std::string_view letters;
};

constexpr std::array<Block, 2> kBlocks = {{
    {0xC0,
     "a a a a ae aa ae c e e e e i i i i d n o o o o oe ? oe u u u ue y th ss a a a a ae aa ae "
     "c e e e e i i i i d n o o o o oe ? oe u u u ue y th y a a a a a a c c c c c c c c d d d "
     "d e e e e e e e e e e g g g g g g g g h h h h i i i i i i i i i i ij ij j j k k k l l l "
     "l l l l l l l n n n n n n n n n o o o o o o oe oe r r r r r r s s s s s s s s t t t t t "
     "t u u u u u u u u u u u u w w y y y z z z z z z s b b ? ? ? ? o ? ? d d ? ? ? e e e f f "
     "g ? ? ? i k k l ? ? n n o o o ? ? p p ? ? ? ? ? ? ? ? t u u ? ? y y z z ? ? ? ? ? ? ? ? "
     "? ? ? ? ? dz dz dz lj lj lj nj nj nj a a i i o o u u ue ue ue ue ue ue ue ue e ae ae a a "
     "ae ae g g g g k k o o o o ? ? j dz dz dz g g ? ? n n aa aa ae ae oe oe a a a a e e e e i "
     "i i i o o o o r r r r u u u u s s t t ? ? h h n d ? ? ? ? a a e e oe oe o o o o o o y y "
     "l n t j ? ? a c c l t ? ? ? ? b u ? e e j j ? ? r r y y"},
    {0x1E00,
     "a a b b b b b b c c d d d d d d d d d d e e e e e e e e e e f f g g h h h h h h h h h h "
     "i i i i k k k k k k l l l l l l l l m m m m m m n n n n n n n n o o oe oe o o o o p p p "
     "p r r r r r r r r s s s s s s s s s s t t t t t t t t u u u u u u u u ue ue v v v v w w "
     "w w w w w w w w x x x x y y z z z z z z h t w y ? ? ? ? ss ? a a a a a a a a a a a a a a "
     "a a a a a a a a a a e e e e e e e e e e e e e e e e i i i i o o o o o o o o o o o o o o "
     "o o o o o o o o o o u u u u u u u u u u u u u u y y y y y y y y ? ? ? ? ? ?"},
}};

constexpr char32_t kDiaeresis = 0x308;
constexpr char32_t kRing = 0x30A;

/// Empty when there is nothing to fold it to.
std::string folded_letter(char32_t letter) {
  static const auto tables = [] {
    std::array<std::vector<std::string>, kBlocks.size()> made;
    for (std::size_t i = 0; i < kBlocks.size(); ++i) made[i] = split(kBlocks[i].letters, ' ');
    return made;
  }();
  for (std::size_t i = 0; i < kBlocks.size(); ++i) {
    if (letter < kBlocks[i].first || letter - kBlocks[i].first >= tables[i].size()) continue;
    const auto& folded = tables[i][letter - kBlocks[i].first];
    return folded == "?" ? "" : folded;
  }
  return "";
}

bool between(char32_t character, char32_t first, char32_t last) {
  return character >= first && character <= last;
}

/// Blanks, quotes, dashes, symbols: of ASCII, Latin-1, modifier letters, general punctuation.
bool is_separator(char32_t character) {
  return character < 0xC0 || character == 0xD7 || character == 0xF7 ||
         between(character, 0x2B0, 0x2FF) || between(character, 0x2000, 0x206F);
}

/// A letter may be written as two characters: "u" and the diaeresis, as macOS does.
void add_accent(std::string& label, char32_t accent) {
  if (label.empty()) return;
  char letter = label.back();
  if (accent == kDiaeresis && (letter == 'a' || letter == 'o' || letter == 'u')) label += 'e';
  if (accent == kRing && letter == 'a') label += 'a';
}

}  // namespace

FoldedName fold_name(std::string_view name) {
  FoldedName folded;
  auto& label = folded.label;
  std::size_t at = 0;
  for (char32_t character : utf8_characters(name).value_or(U"")) {
    auto length = utf8_length(name, at);
    auto letter = folded_letter(character);
    if (between(character, 'a', 'z') || between(character, '0', '9')) {
      label += static_cast<char>(character);
    } else if (between(character, 'A', 'Z')) {
      label += static_cast<char>(character - 'A' + 'a');
    } else if (!letter.empty()) {
      label += letter;
    } else if (between(character, 0x300, 0x36F)) {
      add_accent(label, character);
    } else if (is_separator(character)) {
      if (!label.empty() && label.back() != '-') label += '-';
    } else if (folded.stranger.empty()) {
      folded.stranger = name.substr(at, length);
    }
    at += length;
  }
  if (label.ends_with('-')) label.pop_back();
  return folded;
}

}  // namespace muster
