#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "provisioner/base/diagnostics.h"

namespace muster {

/// One student of a roster.
struct Student {
  std::string id;       ///< a legal name made of `name`, the student's own in the roster
  std::string name;     ///< as written
  std::string email;    ///< may be empty
  std::string ssh_key;  ///< a line of a .pub file
  Position at;          ///< of the name, or of the object in JSON
};

/// A roster is right or has mistakes; `diagnostics` may hold warnings in either case.
struct Roster {
  std::vector<Student> students;  ///< in the order of the file; those that are right
  Diagnostics diagnostics;
};

/// Reads a CSV file with a header, or a JSON list of objects: at most 8 MiB. Never throws for what
/// the user wrote.
Roster read_roster(const std::filesystem::path& file);
Roster parse_roster(const std::string& file, std::string text);

}  // namespace muster
