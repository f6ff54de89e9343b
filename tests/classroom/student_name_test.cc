#include "provisioner/classroom/student_name.h"

#include <doctest/doctest.h>

#include "provisioner/base/utf8.h"

using namespace muster;

TEST_CASE("student names: letters, digits and '-' are left") {
  CHECK(fold_name("Ann-Marie O'Neil").label == "ann-marie-o-neil");
  CHECK(fold_name("  Ann   Lee, Jr. ").label == "ann-lee-jr");
  CHECK(fold_name("Student 7").label == "student-7");
  CHECK(fold_name("O\u2019Neil \u2013 Ann\u00a0Lee").label == "o-neil-ann-lee");
  CHECK(fold_name("--").label == "");
}

TEST_CASE("student names: Latin letters are written as in passports, or lose their accents") {
  CHECK(fold_name("Jürgen Groß").label == "juergen-gross");
  CHECK(fold_name("ÅSA BRÅTEN").label == "aasa-braaten");
  CHECK(fold_name("Søren Æbelø").label == "soeren-aebeloe");
  CHECK(fold_name("Þóra Guðmundsdóttir").label == "thora-gudmundsdottir");
  CHECK(fold_name("Łukasz Żółć").label == "lukasz-zolc");
  CHECK(fold_name("José Muñoz").label == "jose-munoz");
  CHECK(fold_name("Nguyễn Thị Đào").label == "nguyen-thi-dao");
  CHECK(fold_name("Dvořák Čapek").label == "dvorak-capek");
  CHECK(fold_name("Yağmur Işık").label == "yagmur-isik");
}

TEST_CASE("student names: accents that stand apart give the same name") {
  CHECK(fold_name("Ju\u0308rgen").label == fold_name("Jürgen").label);
  CHECK(fold_name("A\u030Asa").label == fold_name("Åsa").label);
  CHECK(fold_name("Jose\u0301").label == "jose");
  CHECK(fold_name("\u0301Ann").label == "ann");
}

TEST_CASE("student names: a letter that is no Latin one is named") {
  CHECK(fold_name("Иван Petrov").stranger == "И");
  CHECK(fold_name("王伟").stranger == "王");
  CHECK(fold_name("Ann \U0001F600").stranger == "\U0001F600");
  CHECK(fold_name("Jürgen").stranger == "");
}

TEST_CASE("utf8: what is no UTF-8 has no characters") {
  CHECK(utf8_characters("aä€\U0001F600") == U"aä€\U0001F600");
  for (const char* text :
       {"\xFC", "\xC3", "\xC0\xAF", "\xED\xA0\x80", "\xF5\x80\x80\x80", "\xE2\x82"}) {
    CHECK_FALSE(utf8_characters(text));
  }
}
